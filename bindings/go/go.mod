module ocikit

go 1.19

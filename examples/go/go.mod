module examples

go 1.19

require ocikit v0.1.0

replace ocikit => ../../bindings/go

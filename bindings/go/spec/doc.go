// SPDX-License-Identifier: Apache-2.0

// Package spec has the documents of the OCI specifications, and Docker's manifests and image
// configuration, as Go structs, with a parser as strict as that of the C library ocikit-spec. It is
// pure Go, and most of it is generated from the same schemas.
//
// # Structs
//
// Members that are required are plain values, except arrays and maps. Others are pointers if they
// are booleans, numbers or objects ([Ptr] makes one of a literal), and absent as their zero value
// otherwise. Of arrays and maps nil is absent, and an empty one is written as such. Whatever a
// schema does not name is kept in the field Unknown and written back; so are a null that the schema
// allows, and an optional string that is there but empty: under their names in Unknown, as long as
// the field is not set.
//
// # Reading
//
// A Parse function reads a document, UnmarshalJSON a part of one. Both refuse what the C library
// refuses: wrong types, numbers out of range, strings that are not of the schema's form, members
// that are missing or stand twice, names in other letter case (they are unknown members), text that
// is no UTF-8, half surrogate pairs, NUL, more than 64 levels, 16 MiB (4 MiB for manifests and
// indexes), a million values, 1 MiB in a string or 64 characters in a number. What is refused gives
// an [*Error] and changes nothing; what is read replaces all that the struct held.
//
// [json.Unmarshal] works too; what is not JSON at all it refuses itself, by errors of its own.
//
// # Writing
//
// MarshalJSON writes members in the schema's order, then unknown ones and maps sorted, and refuses
// a struct that could not be read back. It writes '<', '>' and '&' as they are; [json.Marshal]
// makes escapes of them, as it does for everything. Structs are written through pointers: a
// [json.Marshal] of a value that is not addressable would not call MarshalJSON, and fails.
package spec

// Ptr gives a pointer to a copy of v, for optional members.
func Ptr[T any](v T) *T {
	return &v
}

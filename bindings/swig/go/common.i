/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handle is a number in Go, which C makes a pointer again: Go's collector has nothing to do with it.  Results are
 * written where a pointer to a number leads.  Texts that C gives are handles too: copied into a slice of Go's, as what
 * SWIG does with them otherwise is not to go vet's liking.
 */
%rename("%(camelcase)s", %$isfunction) "";
%rename("%(camelcase)s", %$isconstant) "";

typedef int status;

%define HANDLE(type)
%typemap(gotype) type *, const type * "uintptr"
%typemap(imtype) type *, const type * "uintptr"
%typemap(in) type *, const type * "$1 = ($1_ltype)$input;"
%typemap(gotype) type ** "*uintptr"
%typemap(imtype) type ** "*uintptr"
%typemap(in) type ** "$1 = ($1_ltype)$input;"
%enddef

%define RESULT(ctype, go)
%typemap(gotype) ctype "*go"
%typemap(imtype) ctype "*go"
%typemap(in) ctype "$1 = ($1_ltype)$input;"
%enddef
RESULT(char **, uintptr)
RESULT(int *, int32)
RESULT(size_t *, uintptr)
RESULT(unsigned long long *, uint64)

/* Bytes, or none where there are no bytes. */
%typemap(gotype) (const char *packed, size_t packed_length) "string"
%typemap(imtype) (const char *packed, size_t packed_length) "string"
%typemap(in) (const char *packed, size_t packed_length) {
    $1 = $input.n ? (char *)$input.p : NULL;
    $2 = (size_t)$input.n;
}

%typemap(gotype) text_handle "uintptr"
%typemap(imtype) text_handle "uintptr"
%typemap(out) text_handle "$result = $1;"
%typemap(in) text_handle "$1 = (text_handle)$input;"
%typemap(gotype) (char *to, size_t room) "[]byte"
%typemap(imtype) (char *to, size_t room) "[]byte"
%typemap(in) (char *to, size_t room) {
    $1 = (char *)$input.array;
    $2 = (size_t)$input.len;
}

%{
#include "text.h"
%}
size_t text_length(text_handle text);
void text_copy(text_handle text, char *to, size_t room);
void text_free(text_handle text);

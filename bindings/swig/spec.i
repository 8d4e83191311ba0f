/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocikit-spec for other languages.  What they share is here, what one needs of its own in a folder of its name.
 */
#ifdef SWIGPYTHON
%module _spec
#endif
#ifdef SWIGGO
%module spec
#endif

%{
#include <ocikit/check.h>
#include <ocikit/desc.h>
#include <ocikit/document.h>
#include <ocikit/spec.h>
#include <ocikit/value.h>
%}

#ifdef SWIGPYTHON
%include "python/spec.i"
#endif
#ifdef SWIGGO
%include "go/spec.i"
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmocka with the headers that it wants before it.
 */
#ifndef OCIKIT_CMOCKA_UNIT_H
#define OCIKIT_CMOCKA_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The library's fail() records a failure and cannot share its name with cmocka's macro, on which
 * fail_msg rests: tests say broken(). */
#undef fail
#define broken(...)                                                                                \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

#endif

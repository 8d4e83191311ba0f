/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging: formats a line and hands it to the caller, or does nothing.
 */
#include <base/log.h>

#include <stdarg.h>
#include <stdio.h>

void log_message(const struct log *log, int level, const char *format, ...)
{
    if (log == NULL || log->function == NULL)
        return;
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    log->function(log->data, level, log->id ? log->id : "", text);
}

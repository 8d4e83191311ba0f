/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explains a syntax error.  The JSON parser only says that there is one after the last good token;
 * this walks from there, by a small strict lexer, to the place and says what should stand there. It
 * runs once for a document that is refused, and never decides whether a document is good.
 */
#include "syntax.h"
#include "text.h"

#include <string.h>
#include <strings.h>

static const char *const expectation_texts[] = {
    [OCI_EXPECT_START] = "a JSON value",
    [OCI_EXPECT_FIRST_NAME] = "a member name in double quotes or '}'",
    [OCI_EXPECT_NAME] = "a member name in double quotes",
    [OCI_EXPECT_COLON] = "':'",
    [OCI_EXPECT_MEMBER_VALUE] = "a value",
    [OCI_EXPECT_FIRST_ITEM] = "a value or ']'",
    [OCI_EXPECT_ITEM] = "a value",
    [OCI_EXPECT_MORE_MEMBERS] = "',' or '}'",
    [OCI_EXPECT_MORE_ITEMS] = "',' or ']'",
    [OCI_EXPECT_END_OF_DOCUMENT] = "the end of the document",
};

struct lexer {
    const char *text;
    size_t length;
    size_t at;
    struct oci_syntax_fault *fault;
};

static bool is_value_expected(enum oci_expectation expectation)
{
    return expectation == OCI_EXPECT_START || expectation == OCI_EXPECT_MEMBER_VALUE ||
           expectation == OCI_EXPECT_FIRST_ITEM || expectation == OCI_EXPECT_ITEM;
}

static bool is_name_expected(enum oci_expectation expectation)
{
    return expectation == OCI_EXPECT_FIRST_NAME || expectation == OCI_EXPECT_NAME;
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || is_one_of(c, "_$") ||
           (c & 0x80) != 0;
}

static size_t run_of_words(const struct lexer *lexer)
{
    size_t end = lexer->at;

    while (end < lexer->length && (is_word(lexer->text[end]) || is_one_of(lexer->text[end], "+-.")))
        end++;
    return end - lexer->at;
}

static bool is_blank(char c)
{
    return is_one_of(c, " \t\r\n");
}

/* The end is after the last thing that can be seen: people look there for what is missing. */
static void say_end(struct lexer *lexer, const char *where)
{
    size_t end = lexer->length;

    while (end > 0 && is_blank(lexer->text[end - 1]))
        end--;
    lexer->fault->offset = end;
    lexer->fault->at_end = true;
    oci_line_addf(&lexer->fault->expected, "more text");
    oci_line_addf(&lexer->fault->found, "the end of the text");
    oci_line_addf(&lexer->fault->statement, "the text ends %s", where);
}

/* Check the string that begins at lexer->at; false when the fault is in it. */
static bool check_string(struct lexer *lexer)
{
    const char *text = lexer->text;
    struct oci_syntax_fault *fault = lexer->fault;

    for (size_t i = lexer->at + 1; i < lexer->length; i++) {
        fault->offset = i;
        if (text[i] == '"')
            return true;
        if ((unsigned char)text[i] < 0x20) {
            oci_line_addf(&fault->expected,
                          "an escape such as \\n in place of a control character");
            oci_line_addf(&fault->found, "the byte 0x%02x", (unsigned)(unsigned char)text[i]);
            return false;
        }
        if (text[i] != '\\')
            continue;
        if (++i == lexer->length)
            break;
        if (!is_one_of(text[i], "\"\\/bfnrtu")) {
            oci_line_addf(&fault->expected, "an escape that JSON has");
            oci_line_addf(&fault->found, "a backslash and ");
            oci_line_quote(&fault->found, text + i, oci_utf8_sequence(text + i, lexer->length - i));
            return false;
        }
        for (int digits = 0; text[i] == 'u' && digits < 4; digits++) {
            if (i + 1 + (size_t)digits == lexer->length)
                break;
            if (!is_one_of(text[i + 1 + (size_t)digits], "0123456789abcdefABCDEF")) {
                oci_line_addf(&fault->expected, "four hexadecimal digits after \\u");
                oci_line_quote(&fault->found, text + i + 1,
                               lexer->length - i - 1 < 4 ? lexer->length - i - 1 : 4);
                return false;
            }
        }
    }
    say_end(lexer, "within a string");
    fault->offset = lexer->at;
    oci_line_addf(&fault->statement, ", which begins here");
    return false;
}

static size_t digits_end(const struct lexer *lexer, size_t at)
{
    while (at < lexer->length && is_digit(lexer->text[at]))
        at++;
    return at;
}

/* Where the number at lexer->at stops following the grammar; *complete says whether it may. */
static size_t number_end(const struct lexer *lexer, bool *complete)
{
    const char *text = lexer->text;
    size_t at = lexer->at, next;

    *complete = false;
    if (text[at] == '-')
        at++;
    next = at < lexer->length && text[at] == '0' ? at + 1 : digits_end(lexer, at);
    if (next == at)
        return next;
    at = next;
    if (at < lexer->length && text[at] == '.') {
        next = digits_end(lexer, at + 1);
        if (next == at + 1)
            return next;
        at = next;
    }
    if (at < lexer->length && is_one_of(text[at], "eE")) {
        at++;
        if (at < lexer->length && is_one_of(text[at], "+-"))
            at++;
        next = digits_end(lexer, at);
        if (next == at)
            return next;
        at = next;
    }
    *complete = true;
    return at;
}

static bool check_number(struct lexer *lexer)
{
    size_t run = run_of_words(lexer), end;
    bool complete;

    end = number_end(lexer, &complete);
    if (complete && end == lexer->at + run)
        return true;
    if (!complete && end == lexer->length) {
        say_end(lexer, "within a number");
        return false;
    }
    lexer->fault->offset = lexer->at;
    oci_line_addf(&lexer->fault->expected, "a number such as 12 or -0.5");
    oci_line_quote(&lexer->fault->found, lexer->text + lexer->at, run);
    return false;
}

static bool check_word(struct lexer *lexer)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t run = run_of_words(lexer);
    const char *at = lexer->text + lexer->at;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (run == strlen(words[i]) && memcmp(at, words[i], run) == 0)
            return true;
        if (run > 0 && run < strlen(words[i]) && memcmp(at, words[i], run) == 0 &&
            lexer->at + run == lexer->length) {
            say_end(lexer, "within a value");
            return false;
        }
    }
    return true;
}

static void describe_found(struct lexer *lexer)
{
    struct oci_line *found = &lexer->fault->found;
    const char *at = lexer->text + lexer->at;
    size_t rest = lexer->length - lexer->at, run = run_of_words(lexer);

    if (*at == '"') {
        const char *end = memchr(at + 1, '"', rest - 1);

        oci_line_addf(found, "the string ");
        oci_line_quote(found, at + 1, end != NULL ? (size_t)(end - at) - 1 : rest - 1);
    } else if (is_digit(*at) || *at == '-') {
        oci_line_addf(found, "the number ");
        oci_line_foreign(found, at, run, OCI_CLIP_FOUND);
    } else if (run > 0) {
        oci_line_addf(found, "the word ");
        oci_line_quote(found, at, run);
    } else if (*at == '\'') {
        oci_line_addf(found, "a single quote");
    } else if ((unsigned char)*at < 0x20 || *at == 0x7f) {
        oci_line_addf(found, "the byte 0x%02x", (unsigned)(unsigned char)*at);
    } else if (rest >= 2 && *at == '/' && is_one_of(at[1], "/*")) {
        oci_line_addf(found, "a comment, which JSON does not have");
    } else {
        oci_line_addf(found, "'");
        oci_line_foreign(found, at, oci_utf8_sequence(at, rest), OCI_CLIP_FOUND);
        oci_line_addf(found, "'");
    }
}

/* Words that other languages have for values of JSON. */
static const char *meant_word(const struct lexer *lexer)
{
    static const char *const words[][2] = {{"true", "true"}, {"false", "false"}, {"null", "null"},
                                           {"none", "null"}, {"nil", "null"},    {"yes", "true"},
                                           {"no", "false"},  {"on", "true"},     {"off", "false"}};
    size_t run = run_of_words(lexer);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (run == strlen(words[i][0]) &&
            strncasecmp(lexer->text + lexer->at, words[i][0], run) == 0)
            return words[i][1];
    }
    return NULL;
}

/* "022": the parser has taken the zero for the number. */
static bool say_leading_zero(struct lexer *lexer, enum oci_expectation expectation)
{
    const char *text = lexer->text;
    size_t start = lexer->at;

    if (is_value_expected(expectation) || is_name_expected(expectation) || start == 0 ||
        text[start - 1] != '0' || !is_digit(text[start]))
        return false;
    start--;
    if (start > 0 && text[start - 1] == '-')
        start--;
    lexer->at = start;
    lexer->fault->offset = start;
    oci_line_addf(&lexer->fault->expected, "a number without a zero in front");
    describe_found(lexer);
    return true;
}

static void say_unexpected(struct lexer *lexer, enum oci_expectation expectation)
{
    struct oci_syntax_fault *fault = lexer->fault;
    char c = lexer->text[lexer->at];
    const char *word = is_value_expected(expectation) ? meant_word(lexer) : NULL;

    if (say_leading_zero(lexer, expectation))
        return;
    fault->offset = lexer->at;
    oci_line_addf(&fault->expected, "%s", expectation_texts[expectation]);
    describe_found(lexer);
    if ((c == '}' && expectation == OCI_EXPECT_NAME) ||
        (c == ']' && expectation == OCI_EXPECT_ITEM))
        oci_line_addf(&fault->statement, "a comma too many before '%c'", c);
    else if (word != NULL)
        oci_line_addf(&fault->statement, "expected %s, found %s; JSON has %s", fault->expected.text,
                      fault->found.text, word);
    else if (c == '\'')
        oci_line_addf(&fault->statement, "expected %s, found a single quote; JSON has double ones",
                      fault->expected.text);
}

static void explain_end(struct lexer *lexer, enum oci_expectation expectation)
{
    switch (expectation) {
    case OCI_EXPECT_START:
        say_end(lexer, "");
        lexer->fault->statement.length = 0;
        oci_line_addf(&lexer->fault->statement, "the text is empty");
        break;
    case OCI_EXPECT_COLON:
    case OCI_EXPECT_MEMBER_VALUE:
        say_end(lexer, "before a member's value");
        break;
    case OCI_EXPECT_FIRST_ITEM:
    case OCI_EXPECT_ITEM:
    case OCI_EXPECT_MORE_ITEMS:
        say_end(lexer, "within an array");
        break;
    default:
        say_end(lexer, "within an object");
        break;
    }
}

/* Pass a ',' or ':' where the grammar has one; false where it has not. */
static bool pass_separator(struct lexer *lexer, enum oci_expectation *expectation)
{
    char c = lexer->text[lexer->at];

    if (c == ':' && *expectation == OCI_EXPECT_COLON)
        *expectation = OCI_EXPECT_MEMBER_VALUE;
    else if (c == ',' && *expectation == OCI_EXPECT_MORE_MEMBERS)
        *expectation = OCI_EXPECT_NAME;
    else if (c == ',' && *expectation == OCI_EXPECT_MORE_ITEMS)
        *expectation = OCI_EXPECT_ITEM;
    else
        return false;
    lexer->at++;
    return true;
}

void oci_syntax_explain(const char *text, size_t length, size_t offset,
                        enum oci_expectation expectation, struct oci_syntax_fault *fault)
{
    struct lexer lexer = {.text = text, .length = length, .at = offset, .fault = fault};
    bool value, sound = true;

    fault->expected.length = fault->found.length = fault->statement.length = 0;
    fault->at_end = false;
    do {
        while (lexer.at < length && is_blank(text[lexer.at]))
            lexer.at++;
        fault->expectation = expectation;
        if (lexer.at == length) {
            explain_end(&lexer, expectation);
            return;
        }
    } while (pass_separator(&lexer, &expectation));

    value = is_value_expected(expectation);
    if (text[lexer.at] == '"' && (value || is_name_expected(expectation)))
        sound = check_string(&lexer);
    else if (value && (is_digit(text[lexer.at]) || text[lexer.at] == '-'))
        sound = check_number(&lexer);
    else if (value)
        sound = check_word(&lexer);
    if (sound)
        say_unexpected(&lexer, expectation);
}

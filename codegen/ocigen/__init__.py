# SPDX-License-Identifier: Apache-2.0
"""ocigen: JSON Schemas in, C structs and constant tables out."""

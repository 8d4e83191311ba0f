# SPDX-License-Identifier: Apache-2.0
#
# Completion of the command `ocikit` for bash.  Asks the command itself for options and container ids, so
# that it cannot fall behind.

_ocikit_options() {
    "$1" "${@:2}" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\).*/\2/p'
}

_ocikit_commands() {
    "$1" help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Sets root (the options that choose a state directory) and command from the words before the cursor.
_ocikit_context() {
    local i word
    root=() command=
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --root | -root)
            # "=" is a word of its own in COMP_WORDS.
            [[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
            root=(--root "${COMP_WORDS[++i]}")
            ;;
        --log | --log-format | --rootless)
            [[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
            ((i++))
            ;;
        -*) ;;
        *)
            command=$word
            return
            ;;
        esac
    done
}

_ocikit() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
    local previous=${COMP_WORDS[COMP_CWORD - 1]} command
    # "=" is a word of its own in COMP_WORDS; what stands behind it is the option's value.
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    local -a root
    _ocikit_context
    COMPREPLY=()
    if [[ $command == validate ]]; then
        case $previous in
        -t) previous=--type ;;
        -f) previous=--format ;;
        esac
    fi
    case $previous in
    --bundle | -b | --cwd | --root)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --pid-file | --console-socket | --pidfd-socket | --process | -p | --log | --resources | -r)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --log-format)
        mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$current")
        return
        ;;
    --type)
        mapfile -t COMPREPLY < <(compgen -W 'runtime-config runtime-state runtime-features process
            image-descriptor image-index image-manifest image-config image-layout registry-error
            tag-list repository-list registry-token docker-manifest-list docker-manifest
            docker-config' -- "$current")
        return
        ;;
    --rootless)
        # Of `spec` it is an option without a value.
        if [[ -z $command ]]; then
            mapfile -t COMPREPLY < <(compgen -W 'true false auto' -- "$current")
            return
        fi
        ;;
    --format | -f)
        local formats='text json sarif'
        [[ $command == list || $command == ps ]] && formats='table json'
        mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$current")
        return
        ;;
    --colour)
        mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
        return
        ;;
    --ignore)
        mapfile -t COMPREPLY < <(compgen -W \
            "$("$program" validate --list-rules 2>/dev/null | cut -d ' ' -f 1)" -- "$current")
        return
        ;;
    esac
    if [[ -z $command && $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ocikit_commands "$program")" -- "$current")
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$(_ocikit_options "$program" ${command:+"$command"})" -- "$current")
    else
        case $command in
        start | state | kill | delete | exec | ps | events | pause | resume | update)
            mapfile -t COMPREPLY < <(
                compgen -W "$("$program" "${root[@]}" list --quiet 2>/dev/null)" -- "$current")
            ;;
        mounts)
            local -a words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
            case ${words[-1]} in
            mounts)
                mapfile -t COMPREPLY < <(compgen -W 'add remove' -- "$current")
                ;;
            add | remove)
                mapfile -t COMPREPLY < <(
                    compgen -W "$("$program" "${root[@]}" list --quiet 2>/dev/null)" -- "$current")
                ;;
            *)
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                ;;
            esac
            ;;
        validate)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
        help)
            mapfile -t COMPREPLY < <(compgen -W "$(_ocikit_commands "$program")" -- "$current")
            ;;
        esac
    fi
}

complete -o filenames -F _ocikit ocikit

# bash completion for dwh: source <(dwh completion bash)
_dwh() {
    local word described
    COMPREPLY=()
    # Not compgen -W: it would run what stands in a name.
    while IFS=$'\t' read -r word described; do
        [[ $word != *[!A-Za-z0-9_.,:/=@%+-]* ]] || printf -v word %q "$word"
        COMPREPLY+=("$word")
        [[ $word != *= ]] || compopt -o nospace 2>/dev/null # its value follows
    done < <(dwh __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -o bashdefault -F _dwh dwh

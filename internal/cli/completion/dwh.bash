# bash completion for dwh: source <(dwh completion bash)
_dwh() {
    local candidates
    candidates=$(dwh __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1)
    local IFS=$'\n'
    COMPREPLY=($(compgen -W "$candidates" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -o bashdefault -F _dwh dwh

#compdef dwh
# zsh completion for dwh: dwh completion zsh > "${fpath[1]}/_dwh"
_dwh() {
    local line
    local -a described
    for line in "${(@f)$(dwh __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n "$line" ]] || continue
        described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( ${#described} )); then
        _describe 'dwh' described
    else
        _files
    fi
}
if [[ "${funcstack[1]}" == "_dwh" ]]; then
    _dwh "$@"
else
    compdef _dwh dwh
fi

#compdef dwh
# zsh completion for dwh: dwh completion zsh > "${fpath[1]}/_dwh"
_dwh() {
    local line
    local -a described together
    for line in "${(@f)$(dwh __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n "$line" ]] || continue
        described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( ${#described} )); then
        [[ "${described[1]%%:*}" == *= ]] && together=(-S '') # its value follows
        _describe 'dwh' described "${together[@]}"
    else
        _files
    fi
}
if [[ "${funcstack[1]}" == "_dwh" ]]; then
    _dwh "$@"
else
    compdef _dwh dwh
fi

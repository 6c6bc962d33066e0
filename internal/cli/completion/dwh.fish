# fish completion for dwh: dwh completion fish > ~/.config/fish/completions/dwh.fish
function __dwh_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (dwh __complete $words[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c dwh -f -a '(__dwh_complete)'

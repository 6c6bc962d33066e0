# fish completion for dwh: dwh completion fish > ~/.config/fish/completions/dwh.fish
function __dwh_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    dwh __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c dwh -a '(__dwh_complete)'

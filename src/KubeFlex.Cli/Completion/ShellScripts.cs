namespace KubeFlex.Cli.Completion;

/// <summary>What each shell is told: it asks <c>kflex __complete</c>, which answers a line per candidate, word and description apart by a tab.</summary>
internal static class ShellScripts
{
    public static readonly string[] Shells = ["bash", "zsh", "fish"];

    public static string For(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        _ => Fish,
    };

    // ${COMP_WORDS[0]} instead of kflex: it may be ./kflex. Words are put together again where readline took them apart at "=". No array
    // index from the end: macOS has bash 3.
    private const string Bash = """
        # bash completion for kflex. Load it with: source <(kflex completion bash)
        _kflex() {
            local word glue= count=0 words=() reply
            for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
                if [[ $count -gt 0 && ( $word == = || -n $glue ) ]]; then words[count-1]+=$word; else words[count++]=$word; fi
                [[ $word == = ]] && glue=1 || glue=
            done
            COMPREPLY=()
            while IFS=$'\t' read -r reply _; do
                [[ -n $reply ]] && COMPREPLY+=("${reply#--*=}")
            done < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null)
            [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default 2>/dev/null
            return 0
        }
        complete -F _kflex kflex ./kflex
        """;

    private const string Zsh = """
        #compdef kflex
        # zsh completion for kflex. Load it with: source <(kflex completion zsh), after compinit
        _kflex() {
            local -a candidates
            local word description
            while IFS=$'\t' read -r word description; do
                [[ -z $word ]] && continue
                if [[ -n $description ]]; then candidates+=("${word//:/\\:}:$description"); else candidates+=("${word//:/\\:}"); fi
            done < <(${words[1]} __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
            if (( ${#candidates} )); then _describe 'kflex' candidates; else _files; fi
        }
        if (( $+functions[compdef] )); then compdef _kflex kflex; fi
        """;

    private const string Fish = """
        # fish completion for kflex. Load it with: kflex completion fish | source
        function __kflex_complete
            set -l words (commandline -opc) (commandline -ct)
            $words[1] __complete -- $words[2..-1] 2>/dev/null
        end
        complete -c kflex -f -a '(__kflex_complete)'
        """;
}

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>
/// Which files make up the kubeconfig. The rules are kubectl's (<c>kubectl config --help</c>): an explicit file alone; else every file of
/// <c>$KUBECONFIG</c>; else <c>~/.kube/config</c>.
/// </summary>
/// <param name="Files">Absolute paths in order of precedence, at least one, each once.</param>
/// <param name="IsExplicit">The user named one file on the command line.</param>
public sealed record KubeconfigPaths(IReadOnlyList<string> Files, bool IsExplicit)
{
    /// <summary>Applies the rules. <paramref name="explicitFile"/> and <paramref name="variable"/> may be null or empty.</summary>
    public static KubeconfigPaths Resolve(string? explicitFile, string? variable, string home)
    {
        if (!string.IsNullOrEmpty(explicitFile)) return new([Path.GetFullPath(explicitFile)], IsExplicit: true);
        var listed = (variable ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(Path.GetFullPath).Distinct(StringComparer.Ordinal).ToList();
        return new(listed.Count > 0 ? listed : [Path.Combine(home, ".kube", "config")], IsExplicit: false);
    }

    /// <summary>Where new entries go: the first file that exists; when none does, the last one of the list.</summary>
    public string WriteTarget => Files.FirstOrDefault(File.Exists) ?? Files[^1];

    /// <summary>The files as the environment variable lists them.</summary>
    public override string ToString() => string.Join(Path.PathSeparator, Files);
}

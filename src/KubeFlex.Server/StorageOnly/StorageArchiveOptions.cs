using KubeFlex.Storage;
using KubeFlex.Storage.Archive;

namespace KubeFlex.Server.StorageOnly;

/// <summary>What <c>storage backup</c> and <c>storage restore</c> are started with.</summary>
/// <param name="Restore">Which of the two.</param>
/// <param name="DataDirectory">A server's directory, or null.</param>
/// <param name="Datastore">A datastore's URL, or null for the one in the directory.</param>
/// <param name="Store">One store, or null for all.</param>
/// <param name="Compression">How the records are packed.</param>
/// <param name="Replace">What is there may be given up.</param>
/// <param name="File">The file; <c>-</c> for standard input or output.</param>
internal sealed record StorageArchiveOptions(bool Restore, string? DataDirectory, DatastoreUrl? Datastore, string? Store, ArchiveCompression Compression, bool Replace, string File)
{
    public const string Usage = """
        kubeflex-server storage backup  (--data-dir DIR | --datastore URL) [--store NAME] [--compression gzip] FILE
        kubeflex-server storage restore (--data-dir DIR | --datastore URL) [--store NAME] [--replace] FILE

          --data-dir     the directory of a server that does not run: everything it needs to go on elsewhere
          --datastore    a database, sqlite:FILE or postgres://USER@HOST:PORT/DATABASE; with --data-dir, that server's
          --store        only this store (with --data-dir: this control plane); restoring, also another name for a backup of one store
          --compression  none, gzip, deflate or brotli (default gzip)
          --replace      restoring: give up what is there
          FILE           "-" is standard output or input
        """;

    private static readonly string[] Names = ["--data-dir", "--datastore", "--store", "--compression"];

    /// <summary>Reads the arguments (the verb first); collects every error before it answers.</summary>
    public static (StorageArchiveOptions? Options, IReadOnlyList<string> Errors) Parse(IReadOnlyList<string> args)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var (errors, files, replace, restore) = (new List<string>(), new List<string>(), false, args[0] == "restore");
        for (var i = 1; i < args.Count; i++)
        {
            var (name, value) = args[i].StartsWith("--", StringComparison.Ordinal) && args[i].Split('=', 2) is [var n, var v] ? (n, v) : (args[i], null);
            if (name == "--replace" && value is null) replace = true;
            else if (Names.Contains(name))
            {
                if (value is null && i + 1 >= args.Count) errors.Add($"{name} needs a value");
                else values[name] = value ?? args[++i];
            }
            else if (name.StartsWith('-') && name != "-") errors.Add($"unknown argument \"{name}\": expected one of {string.Join(", ", Names)}, --replace");
            else files.Add(args[i]);
        }
        if (files.Count != 1) errors.Add(files.Count == 0 ? "FILE is missing; \"-\" is standard output or input" : $"only one FILE, not {string.Join(" ", files)}");
        if (!values.ContainsKey("--data-dir") && !values.ContainsKey("--datastore")) errors.Add("write --data-dir DIR for a server, or --datastore URL for a datastore");
        if (restore && values.ContainsKey("--data-dir") && values.ContainsKey("--store")) errors.Add("--store: one control plane is restored into a running server: kflex restore NAME FILE");
        if (restore && values.ContainsKey("--compression")) errors.Add("--compression is for backups; a restore finds out");
        if (!restore && replace) errors.Add("--replace is for restoring");
        var compression = ArchiveCompression.Gzip;
        if (values.TryGetValue("--compression", out var wish) && (!Enum.TryParse(wish, ignoreCase: true, out compression) || char.IsAsciiDigit(wish[0])))
            errors.Add($"--compression \"{wish}\" is not known: write none, gzip, deflate or brotli");
        DatastoreUrl? datastore = null;
        if (values.TryGetValue("--datastore", out var url) && !DatastoreUrl.TryParse(url, out datastore, out var wrong))
            errors.AddRange(wrong.Select(error => $"--datastore: {error}"));
        return errors.Count > 0 ? (null, errors) : (new(restore, values.GetValueOrDefault("--data-dir") is { } directory ? Path.GetFullPath(directory) : null,
            datastore, values.GetValueOrDefault("--store"), compression, replace, files[0]), []);
    }
}

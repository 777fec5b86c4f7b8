using System.CommandLine;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Embedded;

namespace KubeFlex.Cli.Commands;

/// <summary>Backup and restore without a running server: this process becomes the server's program, which knows the storage.</summary>
internal sealed class StorageArchiveCommand : Verb
{
    private readonly string verb;
    private readonly NamesArgument<string> file = new("file", NameKind.File) { Description = "The file; - is standard output or input." };
    private readonly Option<bool> replace = new("--replace") { Description = "Give up what is there." };
    private readonly IReadOnlyList<Option<string?>> options;

    public StorageArchiveCommand(CliApp app, string verb, string description) : base(app, verb, description)
    {
        this.verb = verb;
        var compression = new Option<string?>("--compression") { Description = "none, gzip, deflate or brotli. Default: gzip", HelpName = "kind" };
        compression.CompletionSources.Add("none", "gzip", "deflate", "brotli");
        options =
        [
            new("--data-dir") { Description = "The directory of a server that does not run. Standard without --datastore: $KUBEFLEX_HOME, else ~/.kubeflex", HelpName = "directory" },
            new("--datastore") { Description = "A database: sqlite:FILE or postgres://USER@HOST:PORT/DATABASE; with --data-dir, that server's.", HelpName = "url" },
            new("--store") { Description = "Only this store; with --data-dir, only this control plane.", HelpName = "name" },
            .. verb == "backup" ? new[] { compression } : [],
        ];
        Add(file);
        foreach (var option in options) Add(option);
        if (verb == "restore") Add(replace);
    }

    protected override Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var given = options.SelectMany(option => parse.GetValue(option) is { } value ? new[] { option.Name, value } : []).ToList();
        if (!given.Contains("--data-dir") && !given.Contains("--datastore")) given.AddRange(["--data-dir", DataDirectory.Resolve(null, session.Host).Path]);
        if (verb == "restore" && parse.GetValue(replace)) given.Add("--replace");
        return ServerExecutable.Locate(session.Host).BecomeAsync(["storage", verb, .. given, parse.GetValue(file)!], cancellation);
    }
}

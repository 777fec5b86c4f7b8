using System.CommandLine;
using KubeFlex.Cli.Embedded;

namespace KubeFlex.Cli.Commands;

/// <summary>Runs the storage alone, with etcd's API in front of it, in the foreground: this process becomes it.</summary>
internal sealed class StorageServeCommand : Verb
{
    private readonly IReadOnlyList<Option<string?>> options =
    [
        new("--datastore") { Description = "The database: sqlite:FILE or postgres://USER@HOST:PORT/DATABASE. Default: $KUBEFLEX_DATASTORE", HelpName = "url" },
        new("--listen-etcd") { Description = "http://ADDRESS:PORT on this machine, https://ADDRESS:PORT or unix:PATH; port 0 takes a free one. Default: http://127.0.0.1:2379", HelpName = "url" },
        new("--port-file") { Description = "The port is written here as soon as it answers.", HelpName = "file" },
        new("--cert-file") { Description = "https: the server's certificate (PEM).", HelpName = "file" },
        new("--key-file") { Description = "https: its key (PEM).", HelpName = "file" },
        new("--trusted-ca-file") { Description = "https: authorities of the clients' certificates (PEM); every client needs one.", HelpName = "file" },
        new("--stores") { Description = "single: one store for every client. by-certificate: the one that the client's certificate names. Standard: single", HelpName = "mode" },
        new("--listen-metrics") { Description = "http://ADDRESS:PORT for /livez, /readyz and /metrics.", HelpName = "url" },
    ];

    public StorageServeCommand(CliApp app) : base(app, "serve", "Serve a datastore to etcd's clients in the foreground.")
    {
        foreach (var option in options) Add(option);
    }

    protected override Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(parse.GetValue(options[0])) && string.IsNullOrEmpty(session.Host.Variable("KUBEFLEX_DATASTORE")))
            throw new CliException("--datastore is missing, and $KUBEFLEX_DATASTORE is not set", ExitCodes.Usage, "For example: kflex storage serve --datastore sqlite:kubeflex.db");
        return ServerExecutable.Locate(session.Host).BecomeAsync(
            ["storage", "serve", .. options.SelectMany(option => parse.GetValue(option) is { } value ? new[] { option.Name, value } : [])], cancellation);
    }
}

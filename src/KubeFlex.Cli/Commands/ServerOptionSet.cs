using System.CommandLine;
using KubeFlex.Cli.Embedded;

namespace KubeFlex.Cli.Commands;

/// <summary>The options that all commands around the embedded server share.</summary>
internal sealed class ServerOptionSet
{
    private readonly Option<string?> dataDir = DataDir();

    private readonly Option<string?> listen = new("--listen")
    {
        Description = $"Address and port of the server; port 0 takes a free one. Default: {ServerOptions.StandardAddress}",
        HelpName = "address:port",
    };

    private readonly Option<string?> domain = new("--domain", "-d")
    {
        Description = "Control planes also answer at NAME.DOMAIN. Default: localtest.me",
        HelpName = "domain",
    };

    private readonly Option<string?> datastore = new("--datastore")
    {
        Description = "Where objects are kept: sqlite:FILE or postgres://USER@HOST:PORT/DATABASE. Default: $KUBEFLEX_DATASTORE, else a file in the data directory",
        HelpName = "url",
    };

    private readonly Option<string?> advertiseUrl = new("--advertise-url")
    {
        Description = "Where clients and other servers on the same PostgreSQL database reach this server, https://HOST:PORT. Default: where it listens",
        HelpName = "url",
    };

    private readonly Option<string?> binaryAssets = new("--binary-assets-dir")
    {
        Description = "Directory with kube-apiserver and kube-controller-manager, for control planes of runtime Process. Default: $KUBEBUILDER_ASSETS",
        HelpName = "directory",
    };

    public static Option<string?> DataDir() => new("--data-dir")
    {
        Description = "Where the server keeps its data. Default: $KUBEFLEX_HOME, else ~/.kubeflex",
        HelpName = "directory",
    };

    public void AddTo(Command command)
    {
        command.Add(dataDir);
        command.Add(listen);
        command.Add(domain);
        command.Add(datastore);
        command.Add(advertiseUrl);
        command.Add(binaryAssets);
    }

    public string? Domain(ParseResult parse) => parse.GetValue(domain);

    public ServerOptions Read(ParseResult parse, CliHost host) =>
        new(DataDirectory.Resolve(parse.GetValue(dataDir), host), parse.GetValue(listen), parse.GetValue(domain), parse.GetValue(datastore),
            parse.GetValue(binaryAssets) is { } assets ? Path.GetFullPath(assets) : null, parse.GetValue(advertiseUrl));
}

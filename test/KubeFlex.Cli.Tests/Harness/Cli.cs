using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tests.Harness;

internal sealed record CliResult(int ExitCode, string Out, string Error);

/// <summary>Runs command lines in this process with a home of their own.</summary>
internal sealed class Cli : IDisposable
{
    private readonly Dictionary<string, string> variables = [];

    public string Home { get; } = Directory.CreateTempSubdirectory("kubeflex-cli-").FullName;

    public string KubeconfigFile => Path.Combine(Home, ".kube", "config");

    public Kubeconfig Kubeconfig => new KubeconfigStore(KubeconfigPaths.Resolve(null, null, Home), TimeProvider.System).Load();

    /// <summary>The clock of the commands; a test of time limits gives one that it moves itself.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>A kubeconfig with a foreign context and one for the hosting cluster, which is current.</summary>
    public static Cli For(FakeApi api)
    {
        var cli = new Cli();
        cli.WriteKubeconfig($$"""
            current-context: hosting
            clusters:
            - {name: hosting, cluster: {server: "{{api.Url}}"} }
            - {name: foreign, cluster: {server: "https://foreign.example"} }
            contexts:
            - {name: hosting, context: {cluster: hosting, user: me} }
            - {name: mine, context: {cluster: foreign, user: me} }
            users:
            - {name: me, user: {token: t} }
            """);
        return cli;
    }

    public void WriteKubeconfig(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(KubeconfigFile)!);
        File.WriteAllText(KubeconfigFile, content);
    }

    public void Set(string variable, string value) => variables[variable] = value;

    public Task<CliResult> RunAsync(params string[] args) => RunAsync(args, null, CancellationToken.None);

    /// <summary>With answers, a person sits at a terminal and gives them.</summary>
    public async Task<CliResult> RunAsync(string[] args, string? answers, CancellationToken cancellation, StringWriter? watched = null)
    {
        using var output = watched ?? new StringWriter();
        using var error = new StringWriter();
        var host = new CliHost(output, TextWriter.Synchronized(error), answers is null ? TextReader.Null : new StringReader(answers), IsTerminal: false, CanAsk: answers is not null,
            name => variables.GetValueOrDefault(name), Home, Home, Time);
        var code = await new CliApp(host).RunAsync(args, cancellation);
        return new CliResult(code, output.ToString(), error.ToString());
    }

    public void Dispose() => Directory.Delete(Home, recursive: true);
}

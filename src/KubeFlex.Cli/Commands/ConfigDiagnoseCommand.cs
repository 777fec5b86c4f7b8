using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Says whether the kubeconfig is fit for KubeFlex: <c>ok</c>, <c>warning</c> or <c>critical</c>.</summary>
internal sealed class ConfigDiagnoseCommand : Verb
{
    private static readonly JsonSerializerOptions Indented = new(KubeJson.Relaxed) { WriteIndented = true };
    private readonly Option<string> output = new("--output", "-o") { Description = "json or text.", HelpName = "format", DefaultValueFactory = _ => "json" };

    public ConfigDiagnoseCommand(CliApp app) : base(app, "diagnose", "Check what KubeFlex keeps in the kubeconfig.")
    {
        output.AcceptOnlyFromAmong("json", "text");
        Add(output);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (status, message, data) = await DiagnoseAsync(session, cancellation);
        await session.Host.Out.WriteLineAsync(parse.GetValue(output) == "text" ? $"{status}: {message}"
            : new JsonObject { ["status"] = status, ["message"] = message, ["data"] = data }.ToJsonString(Indented));
        return status == "critical" ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static async Task<(string Status, string Message, JsonObject Data)> DiagnoseAsync(CliSession session, CancellationToken cancellation)
    {
        var data = new JsonObject { ["kubeconfig"] = session.Kubeconfigs.Paths.ToString() };
        Kubeconfig config;
        try
        {
            config = session.Kubeconfigs.Load();
        }
        catch (KubeconfigException e)
        {
            return ("critical", $"{e.Message}. {e.WayOut}", data);
        }
        var hosting = KubeflexExtension.HostingContext(config);
        data["currentContext"] = config.CurrentContext;
        data["hostingContext"] = hosting;
        data["controlPlaneContexts"] = new JsonArray([.. config.Names(KubeconfigSection.Contexts).Where(c => ControlPlaneEntries.IsManaged(config, c)).Select(c => JsonValue.Create(c))]);
        if (hosting is null) return ("warning", $"no hosting context is stored. {HostingResolver.InitHint}", data);
        if (config.FindContext(hosting) is null) return ("critical", $"the stored hosting context \"{hosting}\" does not exist. {HostingResolver.InitHint}", data);
        if (config.ServerOf(hosting) is not { } server) return ("critical", $"the stored hosting context \"{hosting}\" has no cluster with a server. {HostingResolver.InitHint}", data);
        data["hostingServer"] = server;
        return await new HostingResolver(session).ServesAsync(config, hosting, cancellation) ? ("ok", $"the hosting context is \"{hosting}\", and it serves control planes", data)
            : ("warning", $"the server {server} of the hosting context \"{hosting}\" does not answer or does not serve control planes", data);
    }
}

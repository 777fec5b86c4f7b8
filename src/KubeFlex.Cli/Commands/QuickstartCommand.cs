using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>From nothing to a control plane with something in it. Run again, it repairs what is missing and says what was there.</summary>
internal sealed class QuickstartCommand : Verb
{
    private readonly Option<string> name = new("--name") { Description = "Name of the control plane.", HelpName = "name", DefaultValueFactory = _ => "cp1" };
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(2), "How long to wait for the server, and for the control plane.");
    private readonly ServerOptionSet server = new();

    public QuickstartCommand(CliApp app) : base(app, "quickstart", "Start everything on this machine, make a control plane and show that it works.")
    {
        Add(name);
        server.AddTo(this);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (cp, limit, options) = (parse.GetValue(name)!, parse.GetValue(timeout), server.Read(parse, session.Host));
        ControlPlaneNames.Check(cp);
        // A kubeconfig that cannot be written is better known before anything is started.
        ControlPlaneAccess.CheckContextIsFree(session.Kubeconfigs.Load(), cp);

        var (running, started) = await new ServerLauncher(session).EnsureAsync(options, limit, cancellation);
        session.Talk.Done(started ? $"The KubeFlex server runs in the background at {running.Url} (data in {options.Directory.Path})" : $"The KubeFlex server was running already at {running.Url}");

        var context = await HostingEntry.InstallAsync(session, options.Directory, makeCurrent: false, cancellation);
        using var hosting = await session.ConnectAsync(session.Kubeconfigs.Load(), context, cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        var isNew = await CreateIfAbsentAsync(hosting.Client, cp, cancellation);
        var view = await access.WaitReadyAsync(cp, limit, cancellation);
        await access.WaitAddressAsync(view, running.Url.Port, limit, cancellation);
        session.Talk.Done(isNew ? $"Control plane {cp} is ready" : $"Control plane {cp} was there already and is ready");

        var tenantContext = await access.SwitchToAsync(view, cancellation);
        session.Talk.Done($"The current context of {session.Kubeconfigs.Paths.WriteTarget} is {tenantContext}");

        using var tenant = await session.ConnectAsync(session.Kubeconfigs.Load(), tenantContext, cancellation);
        var sample = await ApplySampleAsync(tenant.Client, cp, cancellation);
        session.Talk.Done($"A sample was applied to {cp}:");
        TextTable.Write(session.Host.Out, ["KIND", "NAMESPACE", "NAME", "CONTENT"], sample);
        SayNext(session, cp, context, options.Directory);
        return ExitCodes.Ok;
    }

    private static async Task<bool> CreateIfAbsentAsync(KubeClient hosting, string cp, CancellationToken cancellation)
    {
        var resource = Resources.ControlPlanes.Named(cp);
        if (await hosting.FindAsync(resource, cancellation) is not null) return false;
        try
        {
            await hosting.CreateAsync(resource, Manifest.New(cp, new JsonObject { ["type"] = "k8s", ["backend"] = "shared" }), cancellation);
            return true;
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            // Another quickstart was quicker.
            return false;
        }
    }

    private static async Task<List<IReadOnlyList<string>>> ApplySampleAsync(KubeClient tenant, string cp, CancellationToken cancellation)
    {
        const string Namespace = "quickstart", Message = "Hello from a control plane of your own";
        await tenant.ApplyAsync(Resources.Namespaces.Named(Namespace), new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject { ["name"] = Namespace },
        }, force: true, cancellation);
        var map = await tenant.ApplyAsync(Resources.ConfigMaps.In(Namespace).Named("hello"), new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "hello", ["namespace"] = Namespace },
            ["data"] = new JsonObject { ["message"] = Message, ["controlPlane"] = cp },
        }, force: true, cancellation);
        return [["Namespace", "", Namespace, ""], ["ConfigMap", Namespace, "hello", ControlPlaneView.Text(map["data"]?["message"])]];
    }

    private static void SayNext(CliSession session, string cp, string hosting, DataDirectory directory)
    {
        // The launcher tells how it was called: what is printed can be typed as it stands.
        var kflex = session.Host.Variable("KUBEFLEX_COMMAND") is { Length: > 0 } command ? command : "kflex";
        (string Command, string Does)[] next =
        [
            ("kubectl get configmaps -n quickstart", $"{cp} is the current context"),
            ($"{kflex} create cp2", "another control plane"),
            ($"{kflex} list", "all of them"),
            ($"{kflex} ctx", $"back to {hosting}"),
            ($"{kflex} stop{directory.Suffix}", "stop the server; nothing is lost"),
        ];
        var width = next.Max(n => n.Command.Length) + 3;
        session.Talk.Say("");
        session.Talk.Say("What to type next:");
        foreach (var (line, does) in next) session.Talk.Say($"  {line.PadRight(width)}# {does}");
    }
}

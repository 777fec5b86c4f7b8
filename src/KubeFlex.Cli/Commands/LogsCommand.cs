using System.CommandLine;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Prints what a control plane's programs say: its pods' logs, or the lines about it in the log of the server it runs in.</summary>
internal sealed class LogsCommand : Verb
{
    // What runs a control plane, as its pods are named; other pods in the namespace are hooks' and tenants' workloads.
    private static readonly string[] Components = ["kube-apiserver", "kube-controller-manager", "vcluster", "k3s-server", "multicluster-controlplane", "etcd"];
    private static readonly ResourceRef Pods = new("", "v1", "pods");
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane." };
    private readonly Option<string?> component = new("--component") { Description = $"Only pods of this name: {string.Join(", ", Components)} or any other.", HelpName = "name" };
    private readonly Option<int> tail = new("--tail") { Description = "Lines from the end of each log; 0 for all.", HelpName = "lines", DefaultValueFactory = _ => 200 };
    private readonly Option<string?> dataDir = ServerOptionSet.DataDir();

    public LogsCommand(CliApp app) : base(app, "logs", "Print the logs of a control plane.")
    {
        component.CompletionSources.Add(Components);
        Add(name);
        Add(component);
        Add(tail);
        Add(dataDir);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var lines = parse.GetValue(tail);
        if (lines < 0) throw new CliException($"--tail {lines} is less than none", ExitCodes.Usage, "0 prints all.");
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var view = await new ControlPlaneAccess(session, hosting).GetAsync(parse.GetValue(name)!, cancellation);
        if (view.Type is "host" or "external")
            throw new CliException($"control plane {view.Name} is of type {view.Type}: KubeFlex does not run it and has no logs of it", ExitCodes.NotFound, $"What the operator has to say about it: kflex describe {view.Name}");

        var pods = await PodsAsync(hosting.Client, view, parse.GetValue(component), cancellation);
        if (pods.Count > 0) return await WritePodsAsync(session, hosting.Client, view, pods, lines, cancellation);
        if (!HostingFacts.IsOurs(await HostingFacts.VersionAsync(hosting.Client, cancellation)) || view.Runtime == "Pods" || view.Type != "k8s")
            throw new CliException($"control plane {view.Name} has no {(parse.GetValue(component) is { } c ? $"pods of {c}" : "pods")} in namespace {view.Namespace}", ExitCodes.NotFound, view.IsReady ? null : $"It is not Ready: {view.Waiting}");
        return await WriteServerLogAsync(session, hosting, view, DataDirectory.Resolve(parse.GetValue(dataDir), session.Host), lines, cancellation);
    }

    private static async Task<List<JsonObject>> PodsAsync(KubeClient hosting, ControlPlaneView view, string? component, CancellationToken cancellation)
    {
        JsonObject list;
        try
        {
            list = await hosting.ListAsync(Pods.In(view.Namespace), null, cancellation);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return [];
        }
        string[] wanted = component is null ? Components : [component];
        // kube-apiserver-6c9d..., vcluster-0; and vcluster's synced tenants' pods are NAME-x-NAMESPACE-x-vcluster.
        return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>().Where(p => ControlPlaneView.Text(p["metadata"]?["name"]) is var pod
            && !pod.EndsWith("-x-vcluster", StringComparison.Ordinal) && wanted.Any(w => pod == w || pod.StartsWith(w + "-", StringComparison.Ordinal)))];
    }

    private static async Task<int> WritePodsAsync(CliSession session, KubeClient hosting, ControlPlaneView view, List<JsonObject> pods, int tail, CancellationToken cancellation)
    {
        var containers = pods.SelectMany(p => (p["spec"]?["containers"] as JsonArray ?? []).Select(c => (Pod: ControlPlaneView.Text(p["metadata"]?["name"]), Container: ControlPlaneView.Text(c?["name"])))).ToList();
        var failed = 0;
        foreach (var (pod, container) in containers)
        {
            var path = $"{Pods.In(view.Namespace).Named(pod).Sub("log").Path}?container={Uri.EscapeDataString(container)}{(tail > 0 ? $"&tailLines={tail}" : "")}";
            string text;
            try
            {
                text = await hosting.GetRawAsync(path, cancellation);
            }
            catch (KubeApiException e) when (e.Code is 400 or 404)
            {
                // Not started yet, or gone since the list.
                session.Talk.Warn($"{pod}/{container}: {e.Message}");
                failed++;
                continue;
            }
            var lead = containers.Count > 1 ? $"[{pod}/{container}] " : "";
            foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) await session.Host.Out.WriteLineAsync(lead + line);
        }
        return failed == containers.Count ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static async Task<int> WriteServerLogAsync(CliSession session, KubeConnection hosting, ControlPlaneView view, DataDirectory directory, int tail, CancellationToken cancellation)
    {
        var isItsServer = directory.ReadServer() is { } server && server.Url.Authority == hosting.Server.Authority;
        if (!isItsServer || !File.Exists(directory.Log))
            throw new CliException($"control plane {view.Name} runs inside the KubeFlex server at {hosting.Server.Authority}, whose log is not in {directory.Path}", ExitCodes.NotFound,
                "A server in the background (kflex quickstart, kflex init --embedded) writes server.log in its data directory, on its machine: name it with --data-dir. One in the foreground (kflex serve) writes to its stdout.");
        // The name as a word of its own, or in its namespace's name; team-a is not about team-ab.
        var about = new Regex($@"(?<![a-z0-9.-]){Regex.Escape(view.Name)}(-system)?(?![a-z0-9-])", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        await using var stream = new FileStream(directory.Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        var last = new Queue<string>();
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (!about.IsMatch(line)) continue;
            last.Enqueue(line);
            if (tail > 0 && last.Count > tail) last.Dequeue();
        }
        foreach (var line in last) await session.Host.Out.WriteLineAsync(line);
        session.Talk.Say(last.Count == 0 ? $"Nothing in {directory.Log} is about {view.Name}." : $"The lines of {directory.Log} that are about {view.Name}.");
        return ExitCodes.Ok;
    }
}

using System.CommandLine;
using System.Net.Http;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Installation;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Makes a hosting cluster available: KubeFlex installed on a Kubernetes cluster, or the embedded one on this machine.</summary>
internal sealed class InitCommand : Verb
{
    private readonly Argument<string?> clusterName = new("cluster-name") { Description = $"Name of the kind cluster to make. Default: {KindCluster.StandardName}", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> embedded = new("--embedded") { Description = "Run the hosting control plane on this machine, without a Kubernetes cluster." };
    private readonly Option<bool> createKind = new("--create-kind", "-c") { Description = "Make a kind cluster for it; needs kind on PATH." };
    private readonly Option<string?> ingressManifest = new("--ingress-manifest") { Description = "With --create-kind: manifest of the ingress controller, an https URL or a file. Default: ingress-nginx v1.12.1 from its project", HelpName = "url|file" };
    private readonly Option<bool> noIngress = new("--no-ingress") { Description = "With --create-kind: install no ingress controller." };
    private readonly Option<int?> externalPort = new("--external-port", "-p") { Description = $"Port at which clients reach control planes from outside. Default: {InstallSettings.StandardPort}", HelpName = "port" };
    private readonly Option<string?> hostContainer = new("--host-container-name", "-n") { Description = $"Container of the node, where the cluster runs in Docker. Default: {InstallSettings.StandardContainer}", HelpName = "name" };
    private readonly Option<bool> dryRun = new("--dry-run") { Description = "Print what would be applied to the cluster; change nothing." };
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(10), "How long to wait for the server, or for the operator.");
    private readonly ServerOptionSet server = new();

    public InitCommand(CliApp app) : base(app, "init", "Install KubeFlex on the current context's cluster, or run it on this machine, and make that the hosting context.")
    {
        Add(clusterName);
        Add(embedded);
        Add(createKind);
        Add(ingressManifest);
        Add(noIngress);
        Add(externalPort);
        Add(hostContainer);
        Add(dryRun);
        server.AddTo(this);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (own, kind, dry) = (parse.GetValue(embedded), parse.GetValue(createKind), parse.GetValue(dryRun));
        if (own && (kind || dry)) throw new CliException($"--embedded and {(kind ? "--create-kind" : "--dry-run")} exclude each other", ExitCodes.Usage);
        if (kind && dry) throw new CliException("--create-kind and --dry-run exclude each other", ExitCodes.Usage);
        if (!kind && (parse.GetValue(noIngress) || parse.GetValue(ingressManifest) is not null))
            throw new CliException($"{(parse.GetValue(noIngress) ? "--no-ingress" : "--ingress-manifest")} goes with --create-kind", ExitCodes.Usage, "On other clusters kflex installs no ingress controller.");
        if (parse.GetValue(noIngress) && parse.GetValue(ingressManifest) is not null) throw new CliException("--ingress-manifest and --no-ingress exclude each other", ExitCodes.Usage);
        if (!kind && parse.GetValue(clusterName) is not null) throw new CliException("cluster-name is the name of a kind cluster to make", ExitCodes.Usage, "Add --create-kind. To install on an existing cluster make its context current: kubectl config use-context NAME");
        InstallSettings.Check(server.Domain(parse), parse.GetValue(externalPort), parse.GetValue(hostContainer));
        if (own) return await EmbedAsync(session, parse, cancellation);

        var config = session.Kubeconfigs.Load();
        if (kind) return await CreateKindAsync(session, parse, cancellation);
        var context = Target(config);
        var trouble = context is null ? "there is no context to install on" : dry ? null : await TroubleAsync(session, config, context, cancellation);
        if (context is not null && trouble is null) return await InstallAsync(session, parse, context, null, cancellation);
        if (dry) return await PrintAsync(session, InstallDocuments.Load(Settings(parse, null, null, false)));
        if (session.Host.CanAsk && await Question.AskAsync(session.Host, $"{char.ToUpperInvariant(trouble![0])}{trouble[1..]}. Run the hosting control plane on this machine instead, without a cluster?", standard: true, cancellation))
            return await EmbedAsync(session, parse, cancellation);
        throw new CliException($"init needs a Kubernetes cluster: {trouble}", context is null ? ExitCodes.Usage : ExitCodes.Unreachable,
            "On this machine, without a cluster: kflex init --embedded. On a new one of kind: kflex init --create-kind. Otherwise make the context of your cluster current.");
    }

    private async Task<int> CreateKindAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        // What users of earlier versions got when they named none, and may pass by habit.
        var name = parse.GetValue(clusterName) ?? KindCluster.StandardName;
        var kind = new KindCluster(session);
        kind.Require();
        var again = $"kflex init --create-kind{(name == KindCluster.StandardName ? "" : " " + name)}";
        // Before the cluster is made: what cannot be had leaves nothing half done.
        var ingress = parse.GetValue(noIngress) ? null : await IngressManifest.ReadAsync(parse.GetValue(ingressManifest) ?? IngressManifest.StandardSource, session,
            $"Nothing was done: no kind cluster {name} made, no ingress controller and no KubeFlex installed. Run it again when that is repaired, with a manifest downloaded elsewhere ({again} --ingress-manifest FILE, "
            + $"from {IngressManifest.StandardSource}), or without an ingress controller ({again} --no-ingress).", cancellation);
        var context = await kind.EnsureAsync(name, parse.GetValue(externalPort) ?? InstallSettings.StandardPort, cancellation);
        if (ingress is not null)
        {
            using var cluster = await session.ConnectAsync(session.Kubeconfigs.Load(), context, cancellation);
            await new IngressInstaller(session, cluster).InstallAsync(ingress, parse.GetValue(ingressManifest) is { } given ? $"{again} --ingress-manifest {IngressManifest.Shown(given)}" : again, parse.GetValue(timeout), cancellation);
        }
        return await InstallAsync(session, parse, context, name == KindCluster.StandardName ? null : $"{name}-control-plane", cancellation, hasIngress: ingress is not null);
    }

    private async Task<int> EmbedAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var options = server.Read(parse, session.Host);
        _ = session.Kubeconfigs.Load();
        var (running, started) = await new ServerLauncher(session).EnsureAsync(options, parse.GetValue(timeout), cancellation);
        session.Talk.Done(started ? $"The KubeFlex server runs in the background at {running.Url} (data in {options.Directory.Path})" : $"The KubeFlex server was running already at {running.Url}");
        var context = await HostingEntry.InstallAsync(session, options.Directory, makeCurrent: true, cancellation);
        session.Talk.Done($"The hosting context is {context}, and it is current");
        return ExitCodes.Ok;
    }

    private async Task<int> InstallAsync(CliSession session, ParseResult parse, string context, string? container, CancellationToken cancellation, bool hasIngress = false)
    {
        using var cluster = await session.ConnectAsync(session.Kubeconfigs.Load(), context, cancellation);
        var installer = new OperatorInstaller(session, cluster);
        if (parse.GetValue(dryRun))
        {
            var (existing, openShift) = await LookAsync(session, cluster, installer, cancellation);
            return await PrintAsync(session, InstallDocuments.Load(Settings(parse, container, existing, openShift)));
        }
        if (HostingFacts.IsOurs(await HostingFacts.VersionAsync(cluster.Client, cancellation)))
        {
            session.Talk.Say($"Context {context} leads to a KubeFlex server, which has the operator built in; there is nothing to install.");
            return await AdoptAsHostingAsync(session, context, cancellation);
        }
        var settings = Settings(parse, container, await installer.FindConfigAsync(cancellation), await HostingFacts.IsOpenShiftAsync(cluster.Client, cancellation));
        if (settings.IsOpenShift) session.Talk.Say("This is OpenShift: control planes get Routes instead of Ingresses.");
        var documents = InstallDocuments.Load(settings);
        await installer.InstallAsync(documents, parse.GetValue(timeout), cancellation);
        if (documents.HasOperator) await installer.WaitAsync(parse.GetValue(timeout), cancellation);
        else session.Talk.Warn("this build of kflex has no manifests of the operator inside: definitions, namespace and settings are installed, the operator is not");
        if (hasIngress) session.Talk.Say($"Control planes are reached at https://NAME.{settings.Domain}:{settings.ExternalPort}.");
        else if (!settings.IsOpenShift) session.Talk.Say($"Clients from outside reach control planes at https://NAME.{settings.Domain}:{settings.ExternalPort} through an ingress controller that passes TLS on (for ingress-nginx: --enable-ssl-passthrough). kflex does not install one here.");
        return await AdoptAsHostingAsync(session, context, cancellation);
    }

    private static async Task<int> AdoptAsHostingAsync(CliSession session, string context, CancellationToken cancellation)
    {
        await session.Kubeconfigs.EditAsync(config =>
        {
            KubeflexExtension.SetHostingContext(config, context, session.Host.Time);
            config.CurrentContext = context;
        }, cancellation);
        session.Talk.Done($"The hosting context is {context}, and it is current");
        return ExitCodes.Ok;
    }

    private static async Task<int> PrintAsync(CliSession session, InstallDocuments documents)
    {
        foreach (var document in documents.Rest.Take(1).Concat(documents.Definitions).Concat(documents.Rest.Skip(1)))
        {
            await session.Host.Out.WriteLineAsync("---");
            await session.Host.Out.WriteAsync(YamlWriter.Write(document));
        }
        if (documents.NeedsDatabasePassword) session.Talk.Say($"Besides, the Secret {InstallDocuments.Namespace}/{InstallDocuments.Database} with a random postgres-password is created when it is not there.");
        if (!documents.HasOperator) session.Talk.Warn("this build of kflex has no manifests of the operator inside");
        return ExitCodes.Ok;
    }

    private InstallSettings Settings(ParseResult parse, string? container, JsonObject? existing, bool openShift) =>
        InstallSettings.From(server.Domain(parse), parse.GetValue(externalPort), parse.GetValue(hostContainer) ?? container, existing, openShift);

    // A dry run looks if it can, and goes by the standards if it cannot.
    private static async Task<(JsonObject? Existing, bool OpenShift)> LookAsync(CliSession session, KubeConnection cluster, OperatorInstaller installer, CancellationToken cancellation)
    {
        try
        {
            return (await installer.FindConfigAsync(cancellation), await HostingFacts.IsOpenShiftAsync(cluster.Client, cancellation));
        }
        catch (Exception e) when (e is HttpRequestException or KubeApiException)
        {
            session.Talk.Warn($"context {cluster.Context} could not be asked for its settings: {e.Message}");
            return (null, false);
        }
    }

    // From a tenant's context, init means the cluster that hosts it.
    private static string? Target(Kubeconfig config) => config.CurrentContext is { } current && config.ServerOf(current) is not null
        && !(ControlPlaneEntries.IsManaged(config, current) && !KubeflexExtension.IsHosting(config, current)) ? current : KubeflexExtension.HostingContext(config) is { } stored && config.ServerOf(stored) is not null ? stored : null;

    private static async Task<string?> TroubleAsync(CliSession session, Kubeconfig config, string context, CancellationToken cancellation)
    {
        try
        {
            return await Deadline.WithinAsync(TimeSpan.FromSeconds(5), session.Host.Time, async token =>
            {
                using var connection = await session.ConnectAsync(config, context, token);
                _ = await HostingFacts.VersionAsync(connection.Client, token);
                return (string?)null;
            }, () => new CliException("no answer within 5 s", ExitCodes.Unreachable), cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or CliException)
        {
            session.Talk.Explain($"context \"{context}\": {e.Message}");
            return $"the server of context \"{context}\" does not answer ({e.Message})";
        }
    }
}

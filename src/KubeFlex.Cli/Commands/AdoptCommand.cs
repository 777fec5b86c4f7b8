using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>
/// Makes an existing cluster a control plane of type external: its kubeconfig goes into a secret from which the operator makes credentials of
/// its own, after which it deletes the secret.
/// </summary>
internal sealed class AdoptCommand : Verb
{
    private const string SystemNamespace = "kubeflex-system";
    private const string Key = "kubeconfig-incluster";

    // What a stock API server accepts for a token: ten minutes at least, 2^32 seconds at most.
    private const long ShortestToken = 600;
    private const long LongestToken = 1L << 32;

    private readonly Argument<string> name = new("name") { Description = "Name of the control plane." };
    private readonly HookArguments hooks = new();
    private readonly NamesOption<string?> kubeconfig = new("--adopted-kubeconfig", NameKind.File, "-a") { Description = "Kubeconfig of the cluster to adopt. Default: the one kflex uses.", HelpName = "file" };
    private readonly NamesOption<string?> context = new("--adopted-context", NameKind.Context, "-c") { Description = "Its context. Default: that kubeconfig's current one.", HelpName = "context" };
    private readonly Option<string?> url = new("--url-override", "-u") { Description = "URL at which the operator reaches the cluster, when that in the kubeconfig is good for this machine only.", HelpName = "url" };
    private readonly Option<long> expiration = new("--expiration-seconds", "-x") { Description = "Life of the operator's token; it renews it in time.", HelpName = "seconds", DefaultValueFactory = _ => 31536000 };
    private readonly Option<string> wait = new("--wait") { Description = "ready waits until the control plane is Ready, none does not wait.", HelpName = "what", DefaultValueFactory = _ => "none" };
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(10), "How long to wait.");

    public AdoptCommand(CliApp app) : base(app, "adopt", "Make an existing cluster a control plane.")
    {
        wait.AcceptOnlyFromAmong("ready", "none");
        Add(name);
        Add(kubeconfig);
        Add(context);
        Add(url);
        Add(expiration);
        hooks.AddTo(this);
        Add(wait);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (cp, life) = (parse.GetValue(name)!, parse.GetValue(expiration));
        ControlPlaneNames.Check(cp);
        if (life is < ShortestToken or > LongestToken) throw new CliException($"a token cannot live {life} s", ExitCodes.Usage, $"--expiration-seconds takes {ShortestToken} to {LongestToken}.");
        if (parse.GetValue(url) is { } given) AdoptedServer.Check(given, "--url-override", mayBeLocal: true);
        var spec = new JsonObject
        {
            ["type"] = "external",
            ["bootstrapSecretRef"] = new JsonObject { ["namespace"] = SystemNamespace, ["name"] = $"{cp}-bootstrap", ["inClusterKey"] = Key },
            ["tokenExpirationSeconds"] = life,
        };
        var named = hooks.WriteTo(spec, parse);
        var source = parse.GetValue(kubeconfig) is { Length: > 0 } file ? LoadOther(file, session.Host.Time) : session.Kubeconfigs.Load();
        var adopted = parse.GetValue(context) ?? source.CurrentContext
            ?? throw new CliException($"{source.Location} has no current context to adopt", ExitCodes.Usage, "Name one: --adopted-context CONTEXT");
        CtxCommand.CheckExists(source, adopted);

        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        await CheckServerAsync(session, hosting, source, adopted, parse.GetValue(url), cancellation);
        var bootstrap = StandaloneKubeconfig.Extract(source, adopted, parse.GetValue(url));
        var access = new ControlPlaneAccess(session, hosting);
        await HookArguments.CheckExistAsync(hosting.Client, named, cancellation);
        if (await hosting.Client.FindAsync(Resources.ControlPlanes.Named(cp), cancellation) is not null)
            throw new CliException($"control plane {cp} already exists on context \"{hosting.Context}\"", ExitCodes.AlreadyExists, $"Choose another name, or remove it first: kflex delete {cp}");
        await CreateAsync(access, cp, Manifest.New(cp, spec), bootstrap, cancellation);

        if (parse.GetValue(wait) == "ready")
        {
            await access.WaitReadyAsync(cp, parse.GetValue(timeout), cancellation);
            session.Talk.Done($"Control plane {cp} is ready. Switch to it: kflex ctx {cp}");
        }
        else session.Talk.Done($"Context {adopted} is being adopted as control plane {cp}. When it is Ready: kflex ctx {cp}");
        return ExitCodes.Ok;
    }

    private static Kubeconfig LoadOther(string file, TimeProvider time) => File.Exists(file) ? new KubeconfigStore(KubeconfigPaths.Resolve(file, null, ""), time).Load()
        : throw new CliException($"there is no kubeconfig {file}", ExitCodes.Usage, "Correct --adopted-kubeconfig.");

    private static async Task CheckServerAsync(CliSession session, KubeConnection hosting, Kubeconfig source, string adopted, string? overriding, CancellationToken cancellation)
    {
        var server = source.ServerOf(adopted) ?? throw new CliException($"context \"{adopted}\" points to no server", ExitCodes.BadKubeconfig, $"Its cluster is missing in {source.Location}, or has no server.");
        var normal = server.Contains("://", StringComparison.Ordinal) ? server : "https://" + server;
        if (overriding is null && Uri.TryCreate(normal, UriKind.Absolute, out var uri) && uri.AbsoluteUri.TrimEnd('/') == hosting.Server.AbsoluteUri.TrimEnd('/'))
            throw new CliException($"context \"{adopted}\" is the hosting cluster itself", ExitCodes.Usage, "Name another with --adopted-context. The hosting cluster as a control plane: kflex create NAME --type host");
        // Our own server on this machine sees what this machine sees.
        var local = AdoptedServer.IsLocal(hosting.Server) && HostingFacts.IsOurs(await HostingFacts.VersionAsync(hosting.Client, cancellation));
        AdoptedServer.Check(overriding ?? normal, overriding is null ? $"the server of context \"{adopted}\"" : "--url-override", local);
        session.Talk.Explain($"the operator will reach {adopted} at {overriding ?? normal}");
    }

    private static async Task CreateAsync(ControlPlaneAccess access, string cp, JsonObject document, JsonObject bootstrap, CancellationToken cancellation)
    {
        var client = access.Hosting.Client;
        if (await client.FindAsync(Resources.Namespaces.Named(SystemNamespace), cancellation) is null)
        {
            await client.ApplyAsync(Resources.Namespaces.Named(SystemNamespace),
                new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = SystemNamespace } }, force: true, cancellation);
        }
        var secret = Resources.Secrets.In(SystemNamespace).Named($"{cp}-bootstrap");
        var created = false;
        try
        {
            // Over what an earlier attempt may have left.
            await client.ApplyAsync(secret, new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Secret",
                ["metadata"] = new JsonObject { ["name"] = secret.Name, ["namespace"] = SystemNamespace },
                ["type"] = "Opaque",
                ["data"] = new JsonObject { [Key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(YamlWriter.Write(bootstrap))) },
            }, force: true, cancellation);
            await CreateCommand.CreateAsync(access, cp, document, cancellation);
            created = true;
        }
        finally
        {
            // Credentials of a whole cluster are not left lying about for a control plane that does not come to be.
            if (!created) await client.DeleteAsync(secret, null, CancellationToken.None);
        }
    }
}

using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Certificates;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Has the operator issue the certificates of a control plane anew, long before they end.</summary>
internal sealed class CertsRotateCommand : Verb
{
    // On the ControlPlane: any new value asks for a rotation.
    private const string RotateLeavesAnnotation = "kflex.kubestellar.org/rotate-certs";
    private const string RotateAuthorityAnnotation = "kflex.kubestellar.org/rotate-ca";
    private const string OverlapAnnotation = "kflex.kubestellar.org/rotate-ca-overlap";
    private const string CertificatesSecret = "k8s-certs";
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane." };
    private readonly Option<bool> authority = new("--ca") { Description = "Change the certificate authority as well; the operator trusts both during the change." };
    private readonly Option<string?> overlap = new("--overlap") { Description = "With --ca, how long each of the two steps of the change lasts, such as 30m. Default: 24h; 0s changes all at once.", HelpName = "duration" };
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(2), "How long to wait for the operator.");

    public CertsRotateCommand(CliApp app) : base(app, "rotate", "Have the certificates of a control plane issued anew.")
    {
        Add(name);
        Add(authority);
        Add(overlap);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var lasts = parse.GetValue(overlap);
        if (lasts is not null && (!parse.GetValue(authority) || Durations.Parse(lasts) is null))
            throw new CliException(parse.GetValue(authority) ? $"\"{lasts}\" is not a duration" : "--overlap is about the change of the authority", ExitCodes.Usage, "For example: kflex certs rotate NAME --ca --overlap 30m");
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        var (view, limit) = (await access.GetAsync(parse.GetValue(name)!, cancellation), parse.GetValue(timeout));
        var secrets = await CredentialReader.SecretsAsync(hosting.Client, view.Namespace, cancellation);
        var renewable = secrets.Where(s => s["metadata"]?["annotations"]?[CredentialReader.RenewAtAnnotation] is not null).ToList();
        if (renewable.Count == 0)
            throw new CliException($"control plane {view.Name} (type {view.Type}) has no certificates that KubeFlex renews", ExitCodes.NotFound,
                view.Type is "vcluster" or "k3s" ? $"{view.Type} renews its own certificates when its pod starts." : $"It may not be made yet: {view.Waiting}");
        if (parse.GetValue(authority) && !secrets.Any(s => CredentialReader.NameOf(s) == CertificatesSecret))
            throw new CliException($"control plane {view.Name} (type {view.Type}) has no certificate authority that KubeFlex changes", ExitCodes.NotFound, $"Its certificates are renewed without --ca: kflex certs rotate {view.Name}");

        if (parse.GetValue(authority)) await RotateAuthorityAsync(session, hosting, view, lasts, limit, cancellation);
        else await RotateLeavesAsync(session, hosting, view, renewable, limit, cancellation);
        await FollowAsync(session, access, view, cancellation);
        return ExitCodes.Ok;
    }

    private static async Task RotateLeavesAsync(CliSession session, KubeConnection hosting, ControlPlaneView view, List<JsonObject> secrets, TimeSpan limit, CancellationToken cancellation)
    {
        await AnnotateAsync(session, hosting, view, RotateLeavesAnnotation, null, cancellation);
        using var step = session.Talk.Begin($"Waiting for new certificates of control plane {view.Name}");
        foreach (var secret in secrets)
        {
            var name = CredentialReader.NameOf(secret);
            var before = secret["data"]?.ToJsonString();
            await WaitAsync(session, limit, hosting, Resources.Secrets.In(view.Namespace).Named(name), now => now is not null && now["data"]?.ToJsonString() != before, $"secret {view.Namespace}/{name}", cancellation);
        }
        session.Talk.Done($"The certificates of control plane {view.Name} are new: {string.Join(", ", secrets.Select(CredentialReader.NameOf))}");
    }

    private static async Task RotateAuthorityAsync(CliSession session, KubeConnection hosting, ControlPlaneView view, string? overlap, TimeSpan limit, CancellationToken cancellation)
    {
        var secret = Resources.Secrets.In(view.Namespace).Named(CertificatesSecret);
        var before = ControlPlaneView.Text((await hosting.Client.GetAsync(secret, cancellation))["data"]?["ca.crt"]);
        await AnnotateAsync(session, hosting, view, RotateAuthorityAnnotation, overlap, cancellation);
        using (session.Talk.Begin($"Waiting for a new certificate authority of control plane {view.Name}"))
            await WaitAsync(session, limit, hosting, secret, now => ControlPlaneView.Text(now?["data"]?["ca.crt"]) is { Length: > 0 } after && after != before, $"secret {view.Namespace}/{CertificatesSecret}", cancellation);
        session.Talk.Done($"The change of the certificate authority of {view.Name} has begun; the operator goes on with it in the background: kflex describe {view.Name}");
        session.Talk.Say($"Those who hold its kubeconfig need the new one before the old authority is no longer trusted: kflex kubeconfig {view.Name}");
    }

    private static async Task WaitAsync(CliSession session, TimeSpan limit, KubeConnection hosting, ResourceRef resource, Func<JsonObject?, bool> done, string what, CancellationToken cancellation)
    {
        try
        {
            await Deadline.WithinAsync(limit, session.Host.Time, token => ObjectWait.UntilAsync(hosting.Client, resource, done, session.Host.Time, token), () => new CliException(
                $"the operator has not renewed {what} within {limit.TotalSeconds:0} s", ExitCodes.Timeout, "The renewal stays asked for. Check that the operator runs, and is not older than this kflex: kflex doctor"), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, "The renewal goes on in the background. See: kflex certs check");
        }
    }

    private static Task<JsonObject> AnnotateAsync(CliSession session, KubeConnection hosting, ControlPlaneView view, string key, string? overlap, CancellationToken cancellation)
    {
        var annotations = new JsonObject { [key] = CredentialView.Stamp(session.Host.Time.GetUtcNow()) };
        if (overlap is not null) annotations[OverlapAnnotation] = overlap;
        return hosting.Client.PatchAsync(Resources.ControlPlanes.Named(view.Name), PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } }, cancellation);
    }

    // A context that we made has a copy of the credentials.
    private static async Task FollowAsync(CliSession session, ControlPlaneAccess access, ControlPlaneView view, CancellationToken cancellation)
    {
        var config = session.Kubeconfigs.Load();
        if (view.Type == "host" || config.FindContext(view.Name) is null || !ControlPlaneEntries.IsManaged(config, view.Name)) return;
        var source = await access.KubeconfigAsync(view, inCluster: false, cancellation);
        await session.Kubeconfigs.EditAsync(edit => ControlPlaneEntries.Merge(edit, view.Name, source, session.Host.Time), cancellation);
        session.Talk.Done($"Context {view.Name} has the new credentials");
    }
}

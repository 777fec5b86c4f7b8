using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Prints a control plane's own kubeconfig, or one for another user with a client certificate made for the purpose.</summary>
internal sealed class KubeconfigCommand : Verb
{
    private const string CertificatesSecret = "k8s-certs";

    // A client certificate cannot be revoked: its standard life is short.
    private static readonly TimeSpan StandardLife = TimeSpan.FromDays(1);
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMinutes(1);
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane." };
    private readonly Option<bool> inCluster = new("--in-cluster") { Description = "The one for pods of the hosting cluster." };
    private readonly Option<string?> user = new("--user") { Description = "Issue a client certificate for this user instead of the administrator's. Needs the right to read the secret k8s-certs.", HelpName = "user" };
    private readonly Option<string[]> groups = new("--group") { Description = "A group of that user; may be given several times.", HelpName = "group" };
    private readonly Option<Duration> expiry = Durations.Option("--expiry", StandardLife, "Life of that certificate, such as 8h or 30d. It cannot be revoked.");

    public KubeconfigCommand(CliApp app) : base(app, "kubeconfig", "Print the kubeconfig of a control plane.")
    {
        Add(name);
        Add(inCluster);
        Add(user);
        Add(groups);
        Add(expiry);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (other, organizations, life) = (parse.GetValue(user), parse.GetValue(groups) ?? [], parse.GetValue(expiry).Span);
        if (other is null && (organizations.Length > 0 || parse.GetResult(expiry) is { Implicit: false }))
            throw new CliException("--group and --expiry are about the user of --user, which is missing", ExitCodes.Usage, "For example: kflex kubeconfig NAME --user jane --group developers --expiry 8h");
        if (other is "" || organizations.Contains("")) throw new CliException("a user or group has an empty name", ExitCodes.Usage);
        if (life < ShortestLife) throw new CliException($"a certificate of {life.TotalSeconds:0} s is over before it is used", ExitCodes.Usage, "Write --expiry 10m or more.");

        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        var view = await access.GetAsync(parse.GetValue(name)!, cancellation);
        if (other is null)
        {
            var text = await access.KubeconfigTextAsync(view, parse.GetValue(inCluster), cancellation);
            await session.Host.Out.WriteAsync(text.EndsWith('\n') ? text : text + "\n");
            return ExitCodes.Ok;
        }
        using var authority = await AuthorityAsync(session, hosting, view, cancellation);
        var certificate = authority.IssueClient(other, organizations, life);
        var source = await access.KubeconfigAsync(view, parse.GetValue(inCluster), cancellation);
        await session.Host.Out.WriteAsync(YamlWriter.Write(ClientKubeconfig.WithUser(source, other, certificate)));
        session.Talk.Say($"User {other}{(organizations.Length > 0 ? $" of {string.Join(", ", organizations)}" : "")}, until {Certificates.CredentialView.Stamp(certificate.NotAfter)}. What it may do is up to RBAC in {view.Name}.");
        return ExitCodes.Ok;
    }

    private static async Task<CertificateAuthority> AuthorityAsync(CliSession session, KubeConnection hosting, ControlPlaneView view, CancellationToken cancellation)
    {
        JsonObject? secret;
        try
        {
            secret = await hosting.Client.FindAsync(Resources.Secrets.In(view.Namespace).Named(CertificatesSecret), cancellation);
        }
        catch (KubeApiException e) when (e.Code == 403)
        {
            throw new CliException($"context \"{hosting.Context}\" may not read the secret {view.Namespace}/{CertificatesSecret}, which holds the key that signs certificates", ExitCodes.Failed,
                "Ask an administrator of the hosting cluster for the kubeconfig.");
        }
        if (secret is null)
            throw new CliException($"control plane {view.Name} (type {view.Type}) has no secret {CertificatesSecret} with a certificate authority", ExitCodes.NotFound,
                view.Type == "k8s" ? view.Waiting : "Only control planes of type k8s have one. Make a service account in it and use its token: kubectl create token.");
        string Value(string key) => ControlPlaneView.Text(secret["data"]?[key]) is { Length: > 0 } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data)) : "";
        try
        {
            return CertificateAuthority.Load(Value("ca.crt"), Value("ca.key"), session.Host.Time);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CliException($"the certificate authority in {view.Namespace}/{CertificatesSecret} cannot be used: {e.Message}", ExitCodes.Failed);
        }
    }
}

using System.Collections.Concurrent;
using KubeFlex.Cli.Certificates;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Diagnosis;

/// <summary>The control planes: whether they are Ready, and how long their certificates last.</summary>
internal sealed class ControlPlaneChecks(CliSession session, KubeConnection hosting)
{
    private const int Shown = 10;
    private const int AtOnce = 8;

    public async Task<IReadOnlyList<Finding>> LookAsync(CancellationToken cancellation)
    {
        var views = (await new ControlPlaneAccess(session, hosting).ListAsync(cancellation)).Select(cp => new ControlPlaneView(cp)).ToList();
        if (views.Count == 0) return [Finding.Ok("control planes", "there are none")];
        var findings = new List<Finding>();
        var waiting = views.Where(v => !v.IsReady).ToList();
        findings.Add(waiting.Count == 0 ? Finding.Ok("control planes", $"all {views.Count} are Ready") : Finding.Warning("control planes", $"{waiting.Count} of {views.Count} are not Ready", "See each: kflex describe NAME"));
        foreach (var view in waiting.Take(Shown))
            findings.Add(view.Problem is not null ? Finding.Critical("control planes", $"{view.Name}: {view.Problem}", $"kflex describe {view.Name}") : Finding.Warning("control planes", $"{view.Name}: {view.Waiting}", $"kflex describe {view.Name}"));
        findings.AddRange(await CertificatesAsync(views, cancellation));
        return findings;
    }

    private async Task<IEnumerable<Finding>> CertificatesAsync(List<ControlPlaneView> views, CancellationToken cancellation)
    {
        var (now, bad, refused, seen) = (session.Host.Time.GetUtcNow(), new ConcurrentBag<(string ControlPlane, CredentialView Credential)>(), 0, 0);
        await Parallel.ForEachAsync(views, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (view, token) =>
        {
            try
            {
                foreach (var credential in (await CredentialReader.SecretsAsync(hosting.Client, view.Namespace, token)).SelectMany(CredentialReader.Read))
                {
                    Interlocked.Increment(ref seen);
                    if (credential.State(now) != "ok") bad.Add((view.Name, credential));
                }
            }
            catch (KubeApiException)
            {
                Interlocked.Increment(ref refused);
            }
        });
        if (refused > 0) return [Finding.Warning("certificates", $"the secrets of {refused} control planes cannot be read", "Use a hosting context whose user may read secrets.")];
        if (bad.IsEmpty) return [Finding.Ok("certificates", $"{seen} certificates and tokens are good")];
        return bad.GroupBy(b => b.ControlPlane).OrderBy(g => g.Key, StringComparer.Ordinal).Select(group =>
        {
            var worst = group.OrderBy(b => b.Credential.Expires).First().Credential;
            var (message, advice) = ($"{group.Key}: {worst.Secret}/{worst.Place} is {worst.State(now)} (ends {CredentialView.Stamp(worst.Expires)})", $"kflex certs rotate {group.Key}");
            return worst.State(now) == "expired" ? Finding.Critical("certificates", message, advice) : Finding.Warning("certificates", message, advice);
        });
    }
}

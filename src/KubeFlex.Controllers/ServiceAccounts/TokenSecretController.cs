using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Controllers.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.ServiceAccounts;

/// <summary>
/// Fills Secrets of type <c>kubernetes.io/service-account-token</c> with a token, the root certificate and the namespace, and deletes those
/// whose service account is gone.
/// </summary>
internal sealed class TokenSecretController(IControlPlaneAccess access)
{
    public const string SecretType = "kubernetes.io/service-account-token";
    private const string AccountAnnotation = "kubernetes.io/service-account.name";
    private const string UidAnnotation = "kubernetes.io/service-account.uid";

    public async Task ReconcileAsync(string ns, string name, CancellationToken cancellation)
    {
        var reference = Resources.Secrets.In(ns).Named(name);
        if (await access.Client.FindAsync(reference, cancellation) is not { } secret || (string?)secret["type"] != SecretType) return;
        var metadata = secret["metadata"]!.AsObject();
        if (metadata["annotations"] is not JsonObject annotations || (string?)annotations[AccountAnnotation] is not { Length: > 0 } account) return;

        var owner = await access.Client.FindAsync(Resources.ServiceAccounts.In(ns).Named(account), cancellation);
        var ownerUid = (string?)owner?["metadata"]?["uid"];
        if (ownerUid is null || annotations[UidAnnotation] is { } uid && (string?)uid != ownerUid)
        {
            await access.Client.DeleteAsync(reference, null, cancellation, (string?)metadata["uid"]);
            return;
        }
        if (secret["data"] is not JsonObject data) secret["data"] = data = [];
        var wanted = new Dictionary<string, string?>
        {
            ["ca.crt"] = access.RootCertificate,
            ["namespace"] = ns,
            ["token"] = data["token"] is null ? access.IssueSecretToken(ns, account, ownerUid, name) : null,
        };
        var changed = (string?)annotations[UidAnnotation] != ownerUid;
        annotations[UidAnnotation] = ownerUid;
        foreach (var (key, text) in wanted)
        {
            if (text is null || Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) is var encoded && (string?)data[key] == encoded) continue;
            data[key] = encoded;
            changed = true;
        }
        if (changed) await access.Client.UpdateAsync(reference, secret, cancellation);
    }
}

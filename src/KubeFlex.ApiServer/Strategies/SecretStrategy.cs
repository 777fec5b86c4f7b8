using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Strategies;

/// <summary>
/// Secrets of type <c>kubernetes.io/service-account-token</c> get their token as they are written. Upstream leaves that to its token
/// controller; here nothing has to wait for it.
/// </summary>
internal sealed class SecretStrategy : Strategy
{
    public override ApiError? BeforeCreate(Change change)
    {
        if (change.Object.Text("type") != "kubernetes.io/service-account-token" || !change.Plane.Tokens.CanSign) return null;
        var annotations = Meta.Of(change.Object).Child("annotations");
        var account = annotations.Text("kubernetes.io/service-account.name");
        if (account.Length == 0 || change.View.Get(change.Plane.BuiltIn("", "v1", "serviceaccounts").Key(change.Namespace, account)) is not { } found) return null;
        var uid = Meta.Uid(ObjectBytes.Parse(found.Value));
        annotations!["kubernetes.io/service-account.uid"] = uid;
        if (change.Object.Child("data") is not { } data) change.Object["data"] = data = [];
        data["token"] = Base64(change.Plane.Tokens.IssueLegacy(change.Namespace, account, uid, change.Name));
        data["namespace"] = Base64(change.Namespace);
        var authority = string.Join("", change.Plane.Options.ClientAuthorities.Select(c => c.ExportCertificatePem() + "\n"));
        data["ca.crt"] = Base64(authority);
        return null;
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
}

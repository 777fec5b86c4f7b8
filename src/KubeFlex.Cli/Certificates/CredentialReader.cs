using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Certificates;

/// <summary>Reads out of a control plane's secrets (and kubeconfigs) what expires when.</summary>
internal static class CredentialReader
{
    public const string RenewAtAnnotation = "kflex.kubestellar.org/renew-at";

    // The secrets of the types of control planes; other secrets in the namespace are the hooks' business.
    private static readonly string[] Names = ["k8s-certs", "admin-kubeconfig", "cm-kubeconfig", "vc-vcluster", "k3s-config", "multicluster-controlplane-kubeconfig"];

    /// <summary>The control plane's secrets that hold credentials.</summary>
    public static async Task<IReadOnlyList<JsonObject>> SecretsAsync(KubeClient hosting, string ns, CancellationToken cancellation)
    {
        var list = await hosting.ListAsync(Resources.Secrets.In(ns), null, cancellation);
        return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>().Where(s => Names.Contains(NameOf(s)) || RenewAt(s) is not null).OrderBy(s => Order(NameOf(s))).ThenBy(NameOf, StringComparer.Ordinal)];
    }

    /// <summary>All that expires in a secret.</summary>
    public static IEnumerable<CredentialView> Read(JsonObject secret)
    {
        var (name, renewAt) = (NameOf(secret), RenewAt(secret));
        foreach (var (key, value) in (secret["data"] as JsonObject ?? []).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (Decode(ControlPlaneView.Text(value)) is not { } text) continue;
            if (text.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal) && !text.Contains("certificate-authority-data", StringComparison.Ordinal))
            {
                foreach (var found in Pem(name, key, text, renewAt)) yield return found;
            }
            else if (key.Contains("config", StringComparison.Ordinal) && ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(text)).TryGet(out var parsed, out _))
            {
                foreach (var found in Kubeconfig(name, key, parsed.Object, renewAt)) yield return found;
            }
        }
    }

    /// <summary>All that expires in a kubeconfig document.</summary>
    public static IEnumerable<CredentialView> Kubeconfig(string secret, string key, JsonObject kubeconfig, DateTimeOffset? renewAt)
    {
        foreach (var cluster in Entries(kubeconfig, "clusters"))
            if (Decode(ControlPlaneView.Text(cluster["cluster"]?["certificate-authority-data"])) is { } authority)
                foreach (var found in Pem(secret, $"{key} (certificate-authority)", authority, null)) yield return found;
        foreach (var entry in Entries(kubeconfig, "users"))
            foreach (var found in User(secret, $"{key} (user)", entry["user"] as JsonObject ?? [], renewAt)) yield return found;
    }

    /// <summary>All that expires among a user's credentials.</summary>
    public static IEnumerable<CredentialView> User(string secret, string place, JsonObject user, DateTimeOffset? renewAt)
    {
        if (Decode(ControlPlaneView.Text(user["client-certificate-data"])) is { } client)
            foreach (var found in Pem(secret, place, client, renewAt)) yield return found;
        if (ControlPlaneView.Text(user["token"]) is { Length: > 0 } token && Token(token) is var (subject, expires))
            yield return new CredentialView(secret, place, subject, "token", expires, renewAt);
    }

    private static IEnumerable<CredentialView> Pem(string secret, string place, string pem, DateTimeOffset? renewAt)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            // Damaged: the operator makes it anew.
            yield break;
        }
        foreach (var certificate in certificates)
        {
            using (certificate)
            {
                var authority = certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(e => e.CertificateAuthority);
                var server = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(e => e.EnhancedKeyUsages.Cast<Oid>().Any(o => o.Value == "1.3.6.1.5.5.7.3.1"));
                // Authorities are changed by decision, not by the calendar.
                yield return new(secret, place, certificate.GetNameInfo(X509NameType.SimpleName, false), authority ? "authority" : server ? "server" : "client",
                    certificate.NotAfter.ToUniversalTime(), authority ? null : renewAt);
            }
        }
    }

    /// <summary>Subject and end of a JSON web token (RFC 7519), read without a look at its signature; null when it never ends or is none.</summary>
    private static (string Subject, DateTimeOffset Expires)? Token(string token)
    {
        if (token.Split('.') is not [_, var payload, _]) return null;
        try
        {
            var base64 = payload.Replace('-', '+').Replace('_', '/');
            var claims = JsonNode.Parse(Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '=')));
            return claims?["exp"] is JsonValue exp && long.TryParse(exp.ToJsonString(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? (ControlPlaneView.Text(claims["sub"]), DateTimeOffset.FromUnixTimeSeconds(seconds)) : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or ArgumentOutOfRangeException or InvalidOperationException)
        {
            return null;
        }
    }

    private static DateTimeOffset? RenewAt(JsonObject secret) => DateTimeOffset.TryParse(ControlPlaneView.Text(secret["metadata"]?["annotations"]?[RenewAtAnnotation]),
        CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    public static string NameOf(JsonObject obj) => ControlPlaneView.Text(obj["metadata"]?["name"]);

    private static IEnumerable<JsonObject> Entries(JsonObject kubeconfig, string section) => (kubeconfig[section] as JsonArray ?? []).OfType<JsonObject>();

    private static int Order(string name) => Array.IndexOf(Names, name) is var i and >= 0 ? i : Names.Length;

    private static string? Decode(string base64)
    {
        if (base64.Length == 0) return null;
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>Puts another user into a control plane's kubeconfig.</summary>
public static class ClientKubeconfig
{
    /// <summary>A copy of <paramref name="source"/> whose current context has one user of that name with the client certificate, and no other users.</summary>
    public static JsonObject WithUser(JsonObject source, string user, IssuedCertificate certificate)
    {
        var copy = source.DeepClone().AsObject();
        copy["users"] = new JsonArray(new JsonObject
        {
            ["name"] = user,
            ["user"] = new JsonObject
            {
                ["client-certificate-data"] = Base64(certificate.CertificatePem),
                ["client-key-data"] = Base64(certificate.KeyPem),
            },
        });
        foreach (var entry in (copy["contexts"] as JsonArray ?? []).OfType<JsonObject>())
            if (entry["context"] is JsonObject context) context["user"] = user;
        return copy;
    }

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}

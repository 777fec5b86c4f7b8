using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.Data;
using KubeFlex.Storage;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// One identity for all servers on a database: the authority and the key of the hosting control plane's tokens stand in it, so that every kubeconfig is
/// good with every server. The first server puts its own there; the others write it into their directories, from where it is loaded as ever.
/// </summary>
internal static class SharedIdentity
{
    private const string Setting = "identity";
    private static readonly string[] Files = ["ca.crt", "ca.key", "sa.key"];

    /// <summary>Afterwards the directory has what the database has; one that had something else is refused.</summary>
    public static async Task SettleAsync(DataDirectory directory, Datastore datastore, string database, TimeProvider time, CancellationToken cancellation)
    {
        var mine = Files.ToDictionary(file => file, file => File.Exists(directory.Pki(file)) ? File.ReadAllText(directory.Pki(file)) : null);
        // Half an authority is none.
        if (mine["ca.crt"] is null || mine["ca.key"] is null) (mine["ca.crt"], mine["ca.key"]) = (null, null);
        var agreed = JsonNode.Parse(await datastore.GetOrAddSettingAsync(Setting, Offer(mine, time).ToJsonString(), cancellation))!;
        foreach (var file in Files)
        {
            var shared = (string?)agreed[file] ?? throw new StartupException(ExitCode.DataDirectory, $"the identity in {database} is incomplete: {file} is missing");
            if (mine[file] is { } own && own.Trim() != shared.Trim())
            {
                throw new StartupException(ExitCode.DataDirectory, $"{directory.Pki(file)} is of another identity than the one in {database}, which all servers on it share: "
                    + "start with an empty data directory (--data-dir), or, if no client needs the old certificates, remove the directory pki in this one");
            }
            if (mine[file] is null) DataDirectory.WriteAtomically(directory.Pki(file), Encoding.UTF8.GetBytes(shared));
        }
    }

    /// <summary>What a directory has, else something new.</summary>
    private static JsonObject Offer(Dictionary<string, string?> mine, TimeProvider time)
    {
        var (certificate, key) = (mine["ca.crt"], mine["ca.key"]);
        if (certificate is null || key is null)
        {
            using var authority = CertificateAuthority.Create("kubeflex", time, "KubeFlex");
            (certificate, key) = (authority.CertificatePem, authority.KeyPem);
        }
        return new() { ["ca.crt"] = certificate, ["ca.key"] = key, ["sa.key"] = mine["sa.key"] ?? SigningKey.Create().PrivatePem };
    }
}

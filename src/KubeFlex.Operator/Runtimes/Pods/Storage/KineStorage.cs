using System.Security.Cryptography;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Runtimes.Pods.Storage;

/// <summary>
/// Backend shared: Kine beside kube-apiserver, in front of a database of the shared PostgreSQL that belongs to the tenant's own role. The password is in a
/// secret and reaches Kine through its environment, which PostgreSQL clients read; arguments are visible to everybody who may see pods.
/// </summary>
internal sealed class KineStorage(ManagedSecrets secrets, TenantDatabase database, PodsOptions options) : IControlPlaneStorage
{
    public const string Secret = "postgres-credentials";

    private static readonly string[] Keys = ["username", "password", "database", "host"];

    public string? Refusal(ControlPlane cp) => cp.Name is "template0" or "template1"
        ? $"metadata.name: \"{cp.Name}\" is a database of PostgreSQL's own; create it under another name, or with backend \"dedicated\"" : null;

    public async Task<string?> EnsureAsync(ControlPlane cp, CancellationToken cancellation)
    {
        var inputs = Manifest.Hash(DatabaseScripts.RoleOf(cp), DatabaseScripts.DatabaseOf(cp), options.PostgresHost);
        if (!secrets.IsCurrent(cp, Secret, inputs, Keys)) await ApplyAsync(cp, inputs, cancellation);
        return await database.EnsureAsync(cp, secrets.ValueHash(cp, Secret, "password") ?? "", () => PasswordAsync(cp, cancellation), cancellation);
    }

    public StorageAttachment Attach(ControlPlane cp) => new()
    {
        Arguments = ["--etcd-servers=http://127.0.0.1:2379"],
        Inputs = secrets.ValueHash(cp, Secret, "password") ?? "",
        Containers =
        [
            Manifest.Parse(
                $$"""
                name: kine
                image: {{Manifest.Text(options.KineImage)}}
                args:
                - --endpoint=postgres://{{DatabaseScripts.RoleOf(cp)}}@{{options.PostgresHost}}/{{DatabaseScripts.DatabaseOf(cp)}}?sslmode=disable
                - --listen-address=127.0.0.1:2379
                - --metrics-bind-address=0
                env:
                - name: PGPASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: {{Secret}}
                      key: password
                resources:
                  requests:
                    cpu: 250m
                    memory: 64Mi
                  limits:
                    cpu: 500m
                    memory: 256Mi
                securityContext:
                  allowPrivilegeEscalation: false
                  capabilities:
                    drop: [ALL]
                """),
        ],
    };

    public Task<string?> DeleteAsync(ControlPlane cp, CancellationToken cancellation) => database.DeleteAsync(cp, cancellation);

    private async Task ApplyAsync(ControlPlane cp, string inputs, CancellationToken cancellation)
    {
        // A password that is there stays: pods hold it.
        var live = await secrets.ReadAsync(cp, Secret, cancellation);
        var password = live is not null && live.TryGetValue("password", out var kept) && kept.Length >= 32 && kept.All(char.IsAsciiHexDigitLower)
            ? kept : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        await secrets.ApplyAsync(cp, new SecretContent(Secret, inputs, new Dictionary<string, string>
        {
            ["username"] = DatabaseScripts.RoleOf(cp),
            ["password"] = password,
            ["database"] = DatabaseScripts.DatabaseOf(cp),
            ["host"] = options.PostgresHost,
        }, null), cancellation);
    }

    private async Task<string> PasswordAsync(ControlPlane cp, CancellationToken cancellation) =>
        await secrets.ReadAsync(cp, Secret, cancellation) is { } live && live.TryGetValue("password", out var password) ? password
            : throw new ReconcileFailure($"secret \"{Secret}\" in namespace \"{cp.Namespace}\" was just deleted; it will be made anew");
}

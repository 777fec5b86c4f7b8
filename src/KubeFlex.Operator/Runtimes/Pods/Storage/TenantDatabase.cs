using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Runtimes.Pods.Storage;

/// <summary>
/// A tenant's role and database in the shared PostgreSQL, made and dropped by Jobs in <c>kubeflex-system</c>: the administrator's password stays there, and
/// the operator need not reach the database. Secret <c>&lt;name&gt;-database</c> holds the scripts and is the memory that there may be something to drop;
/// it and the Jobs bear no owner reference, since a deletion in foreground would take them before they did their work.
/// </summary>
internal sealed class TenantDatabase(HostingCluster hosting, ManagedObjects objects, PodsOptions options)
{
    /// <summary>On the secret: the digest of the scripts that ran.</summary>
    private const string ProvisionedAnnotation = "kflex.kubestellar.org/provisioned";

    private static readonly TimeSpan RetryFailed = TimeSpan.FromSeconds(30);

    /// <summary>Makes role and database for the password. Null when they are there, else what is waited for.</summary>
    /// <param name="cp">The control plane.</param>
    /// <param name="passwordHash">Hash that changes with the password.</param>
    /// <param name="password">Reads the password.</param>
    /// <param name="cancellation">Cancels.</param>
    public async Task<string?> EnsureAsync(ControlPlane cp, string passwordHash, Func<Task<string>> password, CancellationToken cancellation)
    {
        var (at, inputs) = (Scripts(cp), Manifest.Hash(cp.Uid, passwordHash, DatabaseScripts.Provision(cp, ""), DatabaseScripts.Drop(cp)));
        var secret = hosting.Secrets.Get(at.Namespace, at.Name!) is { } cached && Annotation(cached, Names.InputsAnnotation) == inputs ? cached : null;
        if (secret is not null && Annotation(secret, ProvisionedAnnotation) == inputs) return null;
        if (secret is null)
        {
            var desired = SecretManifest(cp, inputs, DatabaseScripts.Provision(cp, ScramVerifier.Of(await password())), DatabaseScripts.Drop(cp));
            hosting.Secrets.Observe(await objects.EnsureUnownedAsync(cp, at, desired, cancellation));
        }
        if (await RunAsync(cp, Provision(cp), "provision.sql", inputs, cancellation) is { } waiting) return waiting;
        hosting.Secrets.Observe(await hosting.Client.PatchAsync(at, PatchKind.Merge,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ProvisionedAnnotation] = inputs } } }, cancellation));
        await objects.RemoveAsync(cp, Provision(cp), cancellation);
        return null;
    }

    /// <summary>Drops role and database. Null when nothing remains, else what is waited for.</summary>
    public async Task<string?> DeleteAsync(ControlPlane cp, CancellationToken cancellation)
    {
        // Asked live: a cache that is late must not leave a database behind.
        if (await hosting.Client.FindAsync(Scripts(cp), cancellation) is not { } secret || !ManagedObjects.IsOurs(cp, secret)) return null;
        await objects.RemoveAsync(cp, Provision(cp), cancellation);
        // With the administrator's secret gone, so is the PostgreSQL that it belonged to.
        var isThere = await hosting.Client.FindAsync(Resources.Secrets.In(Names.SystemNamespace).Named(options.PostgresSecret), cancellation) is not null;
        if (isThere && await RunAsync(cp, Drop(cp), "drop.sql", cp.Uid, cancellation) is { } waiting) return waiting;
        await objects.RemoveAsync(cp, Drop(cp), cancellation);
        await objects.RemoveAsync(cp, Scripts(cp), cancellation);
        return null;
    }

    private async Task<string?> RunAsync(ControlPlane cp, ResourceRef at, string script, string inputs, CancellationToken cancellation)
    {
        var job = await objects.EnsureUnownedAsync(cp, at, JobManifest(cp, script, inputs), cancellation);
        if (Workload.Succeeded(job)) return null;
        if (Workload.Failure(job) is { } failure)
        {
            // It stays until its time has come: whatever brings a pass before finds why, and nothing runs in a tight loop.
            var now = hosting.Time.GetUtcNow();
            var wait = (Workload.FailedAt(job) ?? now) + RetryFailed - now;
            if (wait > TimeSpan.Zero)
                throw new ReconcileFailure($"database \"{DatabaseScripts.DatabaseOf(cp)}\": Job \"{at.Name}\" in namespace \"{at.Namespace}\" failed: {failure}; it runs again after {RetryFailed.TotalSeconds:0} seconds", retryAfter: wait);
            await objects.RemoveAsync(cp, at, cancellation);
            await objects.EnsureUnownedAsync(cp, at, JobManifest(cp, script, inputs), cancellation);
        }
        return $"waiting for Job \"{at.Name}\" in namespace \"{at.Namespace}\" ({script} of database \"{DatabaseScripts.DatabaseOf(cp)}\")";
    }

    /// <summary>The secret that remembers.</summary>
    public static ResourceRef Scripts(ControlPlane cp) => Resources.Secrets.In(Names.SystemNamespace).Named($"{cp.Name}-database");

    // A Job's name is a label of its pods, so with the longest name of a control plane there are seven characters left.
    private static ResourceRef Provision(ControlPlane cp) => Kinds.Jobs.In(Names.SystemNamespace).Named($"{cp.Name}-db");

    private static ResourceRef Drop(ControlPlane cp) => Kinds.Jobs.In(Names.SystemNamespace).Named($"{cp.Name}-dropdb");

    private static string? Annotation(JsonObject obj, string name) => (string?)obj["metadata"]?["annotations"]?[name];

    internal static JsonObject SecretManifest(ControlPlane cp, string inputs, string provision, string drop) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Secret",
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Names.InputsAnnotation] = inputs } },
        ["type"] = "Opaque",
        ["data"] = new JsonObject
        {
            ["provision.sql"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(provision)),
            ["drop.sql"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(drop)),
        },
    };

    private JsonObject JobManifest(ControlPlane cp, string script, string inputs) => Manifest.Parse(
        $$"""
        apiVersion: batch/v1
        kind: Job
        spec:
          backoffLimit: 6
          activeDeadlineSeconds: 600
          template:
            metadata:
              annotations:
                {{Names.InputsAnnotation}}: "{{inputs}}"
            spec:
              restartPolicy: Never
              automountServiceAccountToken: false
              securityContext:
                runAsNonRoot: true
                runAsUser: 65532
                runAsGroup: 65532
                fsGroup: 65532
                seccompProfile:
                  type: RuntimeDefault
              containers:
              - name: psql
                image: {{Manifest.Text(options.PostgresClientImage)}}
                command: [psql, -X, -q, -v, ON_ERROR_STOP=1, -f, /scripts/{{script}}]
                env:
                - name: PGHOST
                  value: {{Manifest.Text(options.PostgresHost)}}
                - name: PGUSER
                  value: {{Manifest.Text(options.PostgresUser)}}
                - name: PGDATABASE
                  value: postgres
                - name: PGPASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: {{Manifest.Text(options.PostgresSecret)}}
                      key: {{Manifest.Text(options.PostgresSecretKey)}}
                resources:
                  requests:
                    cpu: 10m
                    memory: 32Mi
                  limits:
                    memory: 64Mi
                securityContext:
                  allowPrivilegeEscalation: false
                  readOnlyRootFilesystem: true
                  capabilities:
                    drop: [ALL]
                volumeMounts:
                - name: scripts
                  mountPath: /scripts
                  readOnly: true
              volumes:
              - name: scripts
                secret:
                  secretName: {{cp.Name}}-database
        """);
}

using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Cli.Installation;

/// <summary>
/// What <c>init</c> applies to a cluster: the definitions, the namespace with its settings, and the operator. All of it lies inside this program,
/// so the three always belong together.
/// </summary>
internal sealed class InstallDocuments
{
    public const string Namespace = "kubeflex-system";
    public const string Config = "kubeflex-config";
    public const string Operator = "kubeflex-controller-manager";
    public const string Database = "postgres-postgresql";
    private const string ConfigAnnotation = "kubeflex.kubestellar.org/config";

    private InstallDocuments(IReadOnlyList<JsonObject> definitions, IReadOnlyList<JsonObject> operators) => (Definitions, Rest) = (definitions, operators);

    /// <summary>Custom resource definitions.</summary>
    public IReadOnlyList<JsonObject> Definitions { get; }

    /// <summary>Namespace, settings, and the operator with what it needs, in the order to apply them.</summary>
    public IReadOnlyList<JsonObject> Rest { get; }

    public bool HasOperator => Rest.Any(d => IsA(d, "Deployment", Operator));

    /// <summary>Whether a password for the database has to be made.</summary>
    public bool NeedsDatabasePassword => Rest.Any(d => IsA(d, "StatefulSet", Database));

    /// <summary>The documents inside this program.</summary>
    public static InstallDocuments Load(InstallSettings settings) => Of(Read("crds/"), Read("manifests/"), settings);

    /// <summary>Puts the settings into the documents.</summary>
    public static InstallDocuments Of(IEnumerable<JsonObject> definitions, IEnumerable<JsonObject> operators, InstallSettings settings)
    {
        List<JsonObject> rest = [Named("Namespace", Namespace, null), Configuration(settings)];
        foreach (var document in operators)
        {
            if (IsA(document, "Namespace", Namespace) || IsA(document, "ConfigMap", Config)) continue;
            if (IsA(document, "Deployment", Operator)) RestartOnChange(document, settings);
            if (settings.IsOpenShift && document["spec"]?["template"]?["spec"]?["securityContext"] is JsonObject security)
                // OpenShift gives each namespace user ids of its own and refuses others.
                foreach (var id in (string[])["runAsUser", "runAsGroup", "fsGroup"]) security.Remove(id);
            rest.Add(document);
        }
        return new([.. definitions], rest);
    }

    public static bool IsA(JsonObject document, string kind, string name) => ControlPlaneView.Text(document["kind"]) == kind && ControlPlaneView.Text(document["metadata"]?["name"]) == name;

    /// <summary>The password of the database, made once.</summary>
    public static JsonObject DatabasePassword()
    {
        var secret = Named("Secret", Database, Namespace);
        secret["type"] = "Opaque";
        secret["data"] = new JsonObject { ["postgres-password"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)))) };
        return secret;
    }

    private static JsonObject Configuration(InstallSettings settings)
    {
        var map = Named("ConfigMap", Config, Namespace);
        map["data"] = settings.Data();
        return map;
    }

    // Settings are read when the operator starts: new ones, new pods.
    private static void RestartOnChange(JsonObject deployment, InstallSettings settings)
    {
        if (deployment["spec"]?["template"] is not JsonObject template) return;
        if (template["metadata"] is not JsonObject metadata) template["metadata"] = metadata = [];
        if (metadata["annotations"] is not JsonObject annotations) metadata["annotations"] = annotations = [];
        annotations[ConfigAnnotation] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(settings.Data().ToJsonString())).AsSpan(0, 8));
    }

    private static JsonObject Named(string kind, string name, string? ns)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (ns is not null) metadata["namespace"] = ns;
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = kind, ["metadata"] = metadata };
    }

    private static IEnumerable<JsonObject> Read(string folder)
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            foreach (var document in ObjectReader.ReadYamlStream(reader.ReadToEnd()).Value.OfType<JsonObject>()) yield return document;
        }
    }
}

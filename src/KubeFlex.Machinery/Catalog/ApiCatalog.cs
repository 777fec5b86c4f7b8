using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Catalog;

/// <summary>
/// The facts of one Kubernetes version: groups, resources, schemas, columns, first objects. Loaded once per process from the embedded
/// data file, immutable, shared by every control plane. Schemas are built on first use.
/// </summary>
public sealed class ApiCatalog
{
    private ApiCatalog() { }

    /// <summary>Reads the embedded catalog.</summary>
    public static ApiCatalog Load() => throw new NotImplementedException();

    /// <summary><c>gitVersion</c> of <c>/version</c>, such as <c>v1.35.0</c>.</summary>
    public string KubernetesVersion => throw new NotImplementedException();

    /// <summary>Groups that have resources, in discovery's order: the core group first, versions best first.</summary>
    public IReadOnlyList<GroupInfo> Groups => throw new NotImplementedException();

    /// <summary>All served resources of a group and version, sorted by name; empty when unknown.</summary>
    public IReadOnlyList<ResourceInfo> ResourcesOf(GroupVersion version) => throw new NotImplementedException();

    /// <summary>One resource, or null.</summary>
    public ResourceInfo? Find(GroupVersion version, string resource) => throw new NotImplementedException();

    /// <summary>The resource that serves a kind, or null.</summary>
    public ResourceInfo? FindKind(GroupVersionKind kind) => throw new NotImplementedException();

    /// <summary>A published type by its name, such as <c>io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta</c>, or null.</summary>
    public Schema? Type(string name) => throw new NotImplementedException();

    /// <summary>Schema of <c>metadata</c>, shared by custom resources.</summary>
    public Schema ObjectMeta => Type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;

    /// <summary>The objects a fresh control plane holds; fresh copies, without uid and times.</summary>
    public IEnumerable<JsonObject> InitialObjects() => throw new NotImplementedException();
}

/// <summary>An API group.</summary>
/// <param name="Name">Name; empty for the core group.</param>
/// <param name="Versions">Served versions, preferred first.</param>
public sealed record GroupInfo(string Name, IReadOnlyList<string> Versions);

using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Strategies;

/// <summary>What a kind needs from the store beyond its rules. Most kinds need nothing.</summary>
internal class Strategy
{
    private static readonly Strategy None = new();
    private static readonly Dictionary<(string, string), Strategy> Special = new()
    {
        [("", "services")] = new ServiceStrategy(),
        [("", "namespaces")] = new NamespaceStrategy(),
        [("apiextensions.k8s.io", "customresourcedefinitions")] = new DefinitionStrategy(),
        [("rbac.authorization.k8s.io", "clusterroles")] = new ClusterRoleStrategy(),
    };

    public static Strategy For(ResourceEntry entry) =>
        entry.Info.Custom ? None : Special.GetValueOrDefault((entry.Info.StorageResource.Group, entry.Info.StorageResource.Resource), None);

    /// <summary>Takes things that another writer may take first: then the write starts over.</summary>
    public virtual bool Allocates => false;

    public virtual ApiError? BeforeCreate(Change change) => null;

    public virtual ApiError? BeforeUpdate(Change change) => null;

    /// <summary>The object leaves the store in this transaction.</summary>
    public virtual ApiError? BeforeDelete(Change change) => null;

    /// <summary>Somebody asks for deletion; an error refuses it.</summary>
    public virtual ApiError? MayDelete(string name) => null;

    /// <summary>Deletion begins; true when the object was given finalizers or a phase and has to stay for now.</summary>
    public virtual bool BeginDelete(Change change) => false;

    /// <summary>After the transaction.</summary>
    public virtual ValueTask AfterAsync(Change change, CancellationToken cancellation) => default;
}

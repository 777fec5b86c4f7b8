using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Registry;

/// <summary>A write on its way into the store: what admission and strategies see, and may add to the transaction.</summary>
internal sealed class Change
{
    public required ControlPlane Plane { get; init; }
    public required ResourceEntry Entry { get; init; }
    public required UserInfo User { get; init; }
    public required StoreView View { get; init; }

    /// <summary>create, update or delete.</summary>
    public required string Operation { get; init; }

    /// <summary>Subresource written to, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The object as it will be, in the version of the request.</summary>
    public required JsonObject Object { get; init; }

    /// <summary>The object as it is, or null.</summary>
    public JsonObject? Old { get; init; }

    public bool DryRun { get; init; }

    public ApiRequest? Request { get; init; }

    /// <summary>More conditions of the transaction.</summary>
    public List<Compare> Compares { get; } = [];

    /// <summary>More operations of the transaction.</summary>
    public List<Operation> Operations { get; } = [];

    public string Namespace => Meta.Namespace(Object);
    public string Name => Meta.Name(Object);
    public bool Is(string group, string resource) => Entry.Info.StorageResource.Resource == resource && Entry.Info.StorageResource.Group == group;
}

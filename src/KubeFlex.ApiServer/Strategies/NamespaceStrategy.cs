using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.ApiServer.Strategies;

/// <summary>Namespaces go in two steps: Terminating, then away when their own finalizers are done.</summary>
internal sealed class NamespaceStrategy : Strategy
{
    public override ApiError? BeforeCreate(Change change)
    {
        change.Object["spec"] ??= new JsonObject();
        if (change.Object.Child("spec").List("finalizers") is not { Count: > 0 }) change.Object["spec"]!["finalizers"] = new JsonArray("kubernetes");
        change.Object["status"] = new JsonObject { ["phase"] = "Active" };
        var metadata = Meta.Of(change.Object);
        if (metadata.Child("labels") is not { } labels) metadata["labels"] = labels = [];
        labels["kubernetes.io/metadata.name"] = change.Name;
        return null;
    }

    public override ApiError? BeforeUpdate(Change change)
    {
        if (change.Subresource != "finalize" && change.Old.Child("spec") is { } spec) change.Object["spec"] = spec.DeepClone();
        var metadata = Meta.Of(change.Object);
        if (metadata.Child("labels") is not { } labels) metadata["labels"] = labels = [];
        labels["kubernetes.io/metadata.name"] = change.Name;
        return null;
    }

    public override ApiError? MayDelete(string name) => name is "default" or "kube-system" or "kube-public"
        ? ApiError.Forbidden(new GroupResource("", "namespaces"), name, "this namespace may not be deleted") : null;

    public override bool BeginDelete(Change change)
    {
        if (change.Object.Child("spec").List("finalizers") is not { Count: > 0 }) return false;
        if (change.Object.Child("status") is not { } status) change.Object["status"] = status = [];
        status["phase"] = "Terminating";
        return true;
    }
}

using System.Text.Json.Nodes;
using KubeFlex.ApiServer.CustomResources;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Strategies;

/// <summary>Custom resource definitions: stored versions, and a finalizer that lets their objects go first.</summary>
internal sealed class DefinitionStrategy : Strategy
{
    public const string Cleanup = "customresourcecleanup.apiextensions.k8s.io";

    public override ApiError? BeforeCreate(Change change)
    {
        var crd = change.Object;
        var status = new JsonObject
        {
            ["conditions"] = new JsonArray(),
            ["acceptedNames"] = new JsonObject { ["plural"] = "", ["kind"] = "" },
            ["storedVersions"] = new JsonArray([.. crd.Child("spec").List("versions").Objects().Where(v => v.Flag("storage") == true).Select(v => JsonValue.Create(v.Text("name")))]),
        };
        crd["status"] = status;
        return null;
    }

    public override ApiError? BeforeUpdate(Change change)
    {
        var status = change.Object.Child("status");
        if (status is null || change.Subresource.Length > 0) return null;
        if (status.List("storedVersions") is not { } stored) status["storedVersions"] = stored = [];
        foreach (var v in change.Object.Child("spec").List("versions").Objects().Where(v => v.Flag("storage") == true).Select(v => v.Text("name")))
            if (!stored.Strings().Contains(v)) stored.Add(v);
        return null;
    }

    public override bool BeginDelete(Change change)
    {
        var metadata = Meta.Of(change.Object);
        if (metadata.List("finalizers") is not { } finalizers) metadata["finalizers"] = finalizers = [];
        if (!finalizers.Strings().Contains(Cleanup)) finalizers.Add(Cleanup);
        DefinitionConditions.Set(change.Object, "Terminating", "True", "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", change.Plane.Now);
        return true;
    }

    /// <summary>Requests right after the answer find the resource: the definition is taken on before it.</summary>
    public override ValueTask AfterAsync(Change change, CancellationToken cancellation) => change.Plane.Definitions.SettleAsync(cancellation);
}

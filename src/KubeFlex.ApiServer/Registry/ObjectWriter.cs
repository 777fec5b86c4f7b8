using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Admission;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Requests;
using KubeFlex.ApiServer.Strategies;
using KubeFlex.Machinery.Apply;
using KubeFlex.Machinery.Errors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Registry;

/// <summary>The outcome of a write: the object as stored (or as it would be, after a dry run).</summary>
internal sealed record Written(byte[] Bytes, bool Created, bool Deleted = false);

/// <summary>How an update treats what it finds.</summary>
/// <param name="Transform">Makes the new object (in the request's version) from the live one, or from null where creation is allowed.</param>
/// <param name="CreateIfAbsent">An absent object is created.</param>
/// <param name="Applied">Managed fields are done already (server-side apply).</param>
/// <param name="Subresource">What is written.</param>
internal sealed record UpdatePlan(Func<JsonObject?, Result<JsonObject>> Transform, bool CreateIfAbsent, bool Applied, string Subresource);

/// <summary>The one write path of all kinds: defaults → admission → validation → managed fields → store.</summary>
internal sealed class ObjectWriter(ControlPlane plane)
{
    private const int MaxAttempts = 32;
    public const string Modified = "the object has been modified; please apply your changes to the latest version and try again";

    /// <summary>Creates an object (decoded, in the request's version).</summary>
    public async Task<Result<Written>> CreateAsync(ApiRequest r, JsonObject body, bool applied = false)
    {
        var generated = Meta.Of(body).Text("name").Length == 0;
        // A generated name may be taken, an address too: such bodies are needed again.
        var retriable = generated || Strategy.For(r.Entry).Allocates;
        for (var attempt = 0; ; attempt++)
        {
            var obj = retriable ? (JsonObject)body.DeepClone() : body;
            var view = await plane.Store.ViewAsync(r.Cancellation);
            if (!(await PrepareCreateAsync(r, obj, view, applied)).TryGet(out var change, out var error)) return error;
            var key = r.Entry.Key(change.Namespace, change.Name);
            var stored = ObjectAnswer.ToStorage(r.Resource, obj);
            if (r.Options.IsDryRun)
                return view.Get(key) is null ? new Written(ObjectBytes.EncodeAsIs(stored), true) : ApiError.AlreadyExists(r.GroupResource, change.Name);
            var (value, at) = ObjectBytes.Encode(stored);
            var result = await plane.Store.CommitAsync(new Transaction(
                [new Compare(key, CompareTarget.CreateRevision, CompareRelation.Equal), .. change.Compares],
                [new PutOperation(key, value, 0, at), .. change.Operations],
                []), r.Cancellation);
            if (result.Succeeded)
            {
                var written = new Written(result.Results[0].Written!.Value, true);
                await Strategy.For(r.Entry).AfterAsync(change, r.Cancellation);
                return written;
            }
            // Either the name is taken, or something the strategy counted on was: then once more with what is there now.
            var now = await plane.Store.ViewAsync(r.Cancellation);
            var taken = now.Get(key) is not null;
            if (taken && !generated || attempt >= MaxAttempts || !taken && change.Compares.Count == 0) return ApiError.AlreadyExists(r.GroupResource, change.Name);
        }
    }

    /// <summary>Changes an object: reads, transforms, writes, and starts over when somebody was faster.</summary>
    public async Task<Result<Written>> UpdateAsync(ApiRequest r, string name, UpdatePlan plan)
    {
        var key = r.Entry.Key(r.Namespace, name);
        for (var attempt = 0; ; attempt++)
        {
            var view = await plane.Store.ViewAsync(r.Cancellation);
            var found = view.Get(key);
            if (found is null)
            {
                if (!plan.CreateIfAbsent) return ApiError.NotFound(r.GroupResource, name);
                if (!plan.Transform(null).TryGet(out var fresh, out var failed)) return failed;
                var created = await CreateAsync(r, fresh, plan.Applied);
                // Somebody else created it meanwhile: then this is an update after all.
                if (created.Error is { Code: 409 } && attempt < MaxAttempts) continue;
                return created;
            }

            var live = ObjectAnswer.Parsed(r.Entry, found.Value);
            if (!plan.Transform(live).TryGet(out var obj, out var error)) return error;
            var asked = Meta.Of(obj).Text("resourceVersion");
            var version = Meta.Of(live).Text("resourceVersion");
            if (asked.Length > 0 && asked != "0" && asked != version) return ApiError.Conflict(r.GroupResource, name, Modified);
            if (Meta.Uid(obj) is { Length: > 0 } uid && uid != Meta.Uid(live))
                return ApiError.Conflict(r.GroupResource, name, $"StorageError: invalid object, Code: 4, Key: {System.Text.Encoding.UTF8.GetString(key)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {Meta.Uid(live)}");

            if (!(await PrepareUpdateAsync(r, obj, live, view, plan)).TryGet(out var change, out error)) return error;
            Meta.Of(obj)["resourceVersion"] = version;
            if (plan.Applied ? Meta.SameButTimes(obj, live) : Meta.Same(obj, live)) return new Written(found.Value, false);
            if (r.Options.IsDryRun) return new Written(ObjectBytes.EncodeAsIs(ObjectAnswer.ToStorage(r.Resource, obj)), false);

            var gone = Deletion.IsDone(r.Entry, obj);
            var stored = ObjectAnswer.ToStorage(r.Resource, obj);
            var (value, at) = ObjectBytes.Encode(stored);
            if (gone && Strategy.For(r.Entry).BeforeDelete(change) is { } kept) return kept;
            var result = await plane.Store.CommitAsync(new Transaction(
                [new Compare(key, CompareTarget.ModRevision, CompareRelation.Equal, found.ModRevision), .. change.Compares],
                [gone ? new DeleteOperation(key) : new PutOperation(key, value, 0, at), .. change.Operations],
                []), r.Cancellation);
            if (result.Succeeded)
            {
                await Strategy.For(r.Entry).AfterAsync(change, r.Cancellation);
                return gone ? new Written(ObjectBytes.EncodeAsIs(stored), false, Deleted: true) : new Written(result.Results[0].Written!.Value, false);
            }
            if (asked.Length > 0 || attempt >= MaxAttempts) return ApiError.Conflict(r.GroupResource, name, Modified);
        }
    }

    private async Task<Result<Change>> PrepareCreateAsync(ApiRequest r, JsonObject obj, StoreView view, bool applied)
    {
        var now = plane.Now;
        ObjectRules.Default(r.Entry, obj);
        var hadName = Meta.Of(obj).Text("name").Length > 0 || Meta.Of(obj).Text("generateName").Length > 0;
        if (!applied) Track(r, null, obj, "", now);
        ObjectRules.PrepareMetadata(obj, now);
        var change = new Change { Plane = plane, Entry = r.Entry, User = r.User, View = view, Operation = "create", Object = obj, DryRun = r.Options.IsDryRun, Request = r };
        if (!hadName)
        {
            var missing = new FieldErrors();
            missing.Required("metadata.name", "name or generateName is required");
            return ApiError.Invalid(r.Resource.Kind.GroupKind, "", missing);
        }
        if (await AdmissionChain.AdmitAsync(change, r.Cancellation) is { } denied) return denied;
        ObjectRules.PrepareForCreate(r.Entry, obj);
        if (Strategy.For(r.Entry).BeforeCreate(change) is { } refused) return refused;
        if (!Finish(r, change, null, "").TryGet(out _, out var error)) return error;
        return change;
    }

    private async Task<Result<Change>> PrepareUpdateAsync(ApiRequest r, JsonObject obj, JsonObject live, StoreView view, UpdatePlan plan)
    {
        ObjectRules.KeepMetadata(obj, live);
        if (r.Entry.Rules?.RequireVersionOnUpdate ?? r.Resource.Custom)
        {
            if (Meta.Of(obj).Text("resourceVersion").Length == 0)
            {
                var missing = new FieldErrors();
                missing.Invalid("metadata.resourceVersion", 0, "must be specified for an update");
                return ApiError.Invalid(r.Resource.Kind.GroupKind, Meta.Name(obj), missing);
            }
        }
        ObjectRules.Default(r.Entry, obj);
        if (ObjectRules.HasStatus(r.Entry) && plan.Subresource.Length == 0) ObjectRules.Take(obj, live, "status");
        var change = new Change { Plane = plane, Entry = r.Entry, User = r.User, View = view, Operation = "update", Subresource = plan.Subresource, Object = obj, Old = live, DryRun = r.Options.IsDryRun, Request = r };
        if (await AdmissionChain.AdmitAsync(change, r.Cancellation) is { } denied) return denied;
        ObjectRules.PrepareForUpdate(r.Entry, obj, live, plan.Subresource);
        if (!plan.Applied) Track(r, live, obj, plan.Subresource, plane.Now);
        if (Strategy.For(r.Entry).BeforeUpdate(change) is { } refused) return refused;
        if (!Finish(r, change, live, plan.Subresource).TryGet(out _, out var error)) return error;
        return change;
    }

    private static Result<bool> Finish(ApiRequest r, Change change, JsonObject? live, string subresource)
    {
        var errors = ObjectRules.Validate(r.Entry, change.Object, live, subresource);
        if (errors.Count > 0) return ApiError.Invalid(r.Resource.Kind.GroupKind, Meta.Name(change.Object), errors);
        if (r.Entry.Rules is { } rules)
            foreach (var warning in rules.Warnings(change.Object)) r.Warn(warning);
        return true;
    }

    private static void Track(ApiRequest r, JsonObject? live, JsonObject obj, string subresource, DateTimeOffset now)
    {
        // A creator does not own the status that the server is about to drop (resetFields).
        JsonNode? status = null;
        var reset = live is null && ObjectRules.HasStatus(r.Entry) && obj.TryGetPropertyValue("status", out status);
        if (reset) obj.Remove("status");
        FieldManager.Update(live, obj, r.Resource.Schema, WriterOf(r, subresource, now));
        if (reset) obj["status"] = status;
    }

    public static Writer WriterOf(ApiRequest r, string subresource, DateTimeOffset now) =>
        new(r.FieldManager, r.Resource.Kind, r.GroupResource, subresource, now);
}

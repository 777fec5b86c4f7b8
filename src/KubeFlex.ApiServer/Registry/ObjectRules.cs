using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.CustomResources;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.ApiServer.Registry;

/// <summary>What every object goes through on its way in, whatever its kind: names, server-owned metadata, generation, defaults, validation.</summary>
internal static class ObjectRules
{
    // Members that are no part of what a generation counts.
    private static bool Counts(string member) => member is not ("kind" or "apiVersion" or "metadata" or "status");

    public static bool HasStatus(ResourceEntry entry) => entry.Info.Subresource("status") is not null;

    public static bool HasGeneration(ResourceEntry entry) => entry.Info.Custom || entry.Rules!.HasGeneration;

    public static void Default(ResourceEntry entry, JsonObject obj)
    {
        if (entry.Info.Custom) CustomResourceRules.Default(obj, entry.Info.Schema);
        else if (entry.Info.Kind is { Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition" })
        {
            entry.Rules!.Default(obj);
            CustomResourceDefinitions.Default(obj);
        }
        else entry.Rules!.Default(obj);
    }

    /// <summary>Namespace and name of the URL and of the object must agree (<c>rest.EnsureObjectNamespaceMatchesRequestNamespace</c>).</summary>
    public static ApiError? CheckNames(ApiRequest r, JsonObject obj, bool named)
    {
        var metadata = Meta.Of(obj);
        var ns = metadata.Text("namespace");
        if (r.Resource.Namespaced)
        {
            if (ns.Length > 0 && ns != r.Namespace) return ApiError.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
            metadata["namespace"] = r.Namespace;
        }
        else if (ns.Length > 0 && !r.Resource.Namespaced)
        {
            return ApiError.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }
        if (!named) return null;
        var name = metadata.Text("name");
        if (name.Length == 0) metadata["name"] = r.Name;
        else if (name != r.Name) return ApiError.BadRequest($"the name of the object ({name}) does not match the name on the URL ({r.Name})");
        return null;
    }

    /// <summary>Metadata that the server owns on creation; the name of an object that only gives a prefix.</summary>
    public static void PrepareMetadata(JsonObject obj, DateTimeOffset now)
    {
        var m = Meta.Of(obj);
        foreach (var owned in new[] { "resourceVersion", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation" }) m.Remove(owned);
        m["uid"] = Guid.NewGuid().ToString();
        m["creationTimestamp"] = Meta.Time(now);
        if (m.Text("name").Length == 0 && m.Text("generateName") is { Length: > 0 } prefix) m["name"] = NameGenerator.Make(prefix);
    }

    public static void PrepareForCreate(ResourceEntry entry, JsonObject obj)
    {
        if (entry.Info.Custom)
        {
            if (HasStatus(entry)) obj.Remove("status");
        }
        else entry.Rules!.PrepareForCreate(obj);
        if (HasGeneration(entry)) Meta.Of(obj)["generation"] = 1;
    }

    /// <summary>What an update may not touch is taken over from the live object.</summary>
    public static void PrepareForUpdate(ResourceEntry entry, JsonObject obj, JsonObject old, string subresource)
    {
        if (HasStatus(entry))
        {
            if (subresource == "status") TakeAllButStatus(entry, obj, old);
            else if (subresource.Length == 0) Take(obj, old, "status");
        }
        if (!entry.Info.Custom) entry.Rules!.PrepareForUpdate(obj, old, subresource);
        var m = Meta.Of(obj);
        var live = Meta.Of(old);
        Take(m, live, "generation");
        Take(m, live, "selfLink");
        if (HasGeneration(entry) && subresource != "status" && CountsDiffer(entry, obj, old)) m["generation"] = (live.Number("generation") ?? 0) + 1;
    }

    /// <summary>Immutable metadata that a client left out is what it was.</summary>
    public static void KeepMetadata(JsonObject obj, JsonObject old)
    {
        var m = Meta.Of(obj);
        var live = Meta.Of(old);
        foreach (var name in new[] { "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName" })
            if (!m.Has(name)) Take(m, live, name);
    }

    public static FieldErrors Validate(ResourceEntry entry, JsonObject obj, JsonObject? old, string subresource)
    {
        var errors = new FieldErrors();
        if (old is null) ObjectMetaRules.Validate(obj, entry.Info.Namespaced, entry.Rules?.NameRule, errors);
        else
        {
            // Upstream checks metadata once for all kinds and once more in each kind's own rules; causes show both.
            ObjectMetaRules.ValidateUpdate(obj, old, errors);
            ObjectMetaRules.ValidateUpdate(obj, old, errors);
        }
        var crd = entry.Info.Kind is { Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition" };
        if (entry.Info.Custom) CustomResourceRules.Validate(obj, old, entry.Info.Schema, errors);
        else if (crd)
        {
            CustomResourceDefinitions.Validate(obj, errors);
            if (old is not null) CustomResourceDefinitions.ValidateUpdate(obj, old, errors);
        }
        else
        {
            entry.Rules!.Validate(obj, errors);
            if (old is not null) entry.Rules.ValidateUpdate(obj, old, subresource, errors);
        }
        return errors;
    }

    private static void TakeAllButStatus(ResourceEntry entry, JsonObject obj, JsonObject old)
    {
        foreach (var name in obj.Select(p => p.Key).Where(k => Counts(k) && !old.ContainsKey(k)).ToList()) obj.Remove(name);
        foreach (var (name, _) in old)
            if (Counts(name)) Take(obj, old, name);
        // Status writers of typed kinds may not relabel; custom resources keep all their metadata, core kinds let kubelets annotate.
        var m = Meta.Of(obj);
        if (entry.Info.Custom)
        {
            var managed = m["managedFields"]?.DeepClone();
            var kept = (JsonObject)Meta.Of(old).DeepClone();
            if (managed is not null) kept["managedFields"] = managed;
            obj["metadata"] = kept;
        }
        else if (entry.Info.Kind.Group.Length > 0) Take(m, Meta.Of(old), "labels");
    }

    private static bool CountsDiffer(ResourceEntry entry, JsonObject obj, JsonObject old)
    {
        // Without a status subresource, status is as good as any other member of a custom resource.
        bool Counted(string name) => Counts(name) || name == "status" && entry.Info.Custom && !HasStatus(entry);
        foreach (var (name, value) in obj)
            if (Counted(name) && !Meta.Same(value, old[name])) return true;
        foreach (var (name, value) in old)
            if (Counted(name) && value is not null && !obj.ContainsKey(name)) return true;
        return false;
    }

    public static void Take(JsonObject to, JsonObject from, string name)
    {
        if (from.TryGetPropertyValue(name, out var value) && value is not null) to[name] = value.DeepClone();
        else to.Remove(name);
    }
}

/// <summary>Suffixes of generated names: five characters without vowels and look-alikes (<c>util/rand</c>).</summary>
internal static class NameGenerator
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    // A name may have 63 bytes, the suffix included.
    public static string Make(string prefix) => string.Concat(prefix.AsSpan(0, Math.Min(prefix.Length, 58)), Suffix());

    public static string Suffix() => System.Security.Cryptography.RandomNumberGenerator.GetString(Alphabet, 5);
}

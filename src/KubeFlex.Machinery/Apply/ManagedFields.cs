using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Machinery.Apply;

/// <summary>One entry of <c>metadata.managedFields</c>: what one manager owns.</summary>
internal sealed class ManagedEntry
{
    internal required string Manager { get; init; }

    internal required bool Applied { get; init; }

    internal required string ApiVersion { get; set; }

    internal string Subresource { get; init; } = "";

    /// <summary>RFC 3339 in whole seconds, or empty.</summary>
    internal string Time { get; set; } = "";

    internal required FieldSet Fields { get; set; }

    /// <summary>The entry as it was read; written back as it was while nothing changes.</summary>
    internal JsonObject? Original { get; init; }

    private FieldSet? OriginalFields { get; init; }

    /// <summary>An applier is one manager whatever version it uses; an updater is one per version.</summary>
    internal bool IsSame(string manager, bool applied, string apiVersion, string subresource) =>
        Applied == applied && Manager == manager && Subresource == subresource && (applied || ApiVersion == apiVersion);

    internal static bool TryRead(JsonObject json, [NotNullWhen(true)] out ManagedEntry? entry)
    {
        entry = null;
        var operation = json["operation"].AsString();
        var apiVersion = json["apiVersion"].AsString();
        if (operation is not ("Apply" or "Update") || string.IsNullOrEmpty(apiVersion) || json["fieldsType"].AsString() != "FieldsV1") return false;
        if (FieldSet.FromJson(json["fieldsV1"] as JsonObject ?? []) is not { } fields) return false;
        entry = new ManagedEntry
        {
            Manager = json["manager"].AsString() ?? "",
            Applied = operation == "Apply",
            ApiVersion = apiVersion,
            Subresource = json["subresource"].AsString() ?? "",
            Time = json["time"].AsString() ?? "",
            Fields = fields,
            Original = json,
            OriginalFields = fields,
        };
        return true;
    }

    internal JsonObject ToJson()
    {
        if (Original is not null && ReferenceEquals(Fields, OriginalFields) && Time == (Original["time"].AsString() ?? "") && ApiVersion == Original["apiVersion"].AsString())
            return (JsonObject)Original.DeepClone();
        var json = new JsonObject { ["manager"] = Manager, ["operation"] = Applied ? "Apply" : "Update", ["apiVersion"] = ApiVersion };
        if (Time.Length > 0) json["time"] = Time;
        json["fieldsType"] = "FieldsV1";
        json["fieldsV1"] = Fields.ToJson();
        if (Subresource.Length > 0) json["subresource"] = Subresource;
        return json;
    }

    /// <summary>As conflict messages name the manager.</summary>
    public override string ToString()
    {
        var name = $"\"{Manager}\"";
        if (Subresource.Length > 0) name += $" with subresource \"{Subresource}\"";
        return Applied ? name : $"{name} using {ApiVersion}";
    }
}

/// <summary>The managers of one object.</summary>
internal sealed class ManagedFields
{
    // More updaters than this are folded into one entry per version, oldest first.
    private const int MaxUpdaters = 10;
    private const string OldUpdates = "ancient-changes";

    internal List<ManagedEntry> Entries { get; } = [];

    /// <summary>Reads a list; one malformed entry spoils it all, as upstream has it, and gives an empty one.</summary>
    internal static ManagedFields Read(JsonNode? list)
    {
        var managed = new ManagedFields();
        foreach (var item in list as JsonArray ?? [])
        {
            if (item is not JsonObject json || !ManagedEntry.TryRead(json, out var entry)) return new ManagedFields();
            managed.Entries.Add(entry);
        }
        return managed;
    }

    /// <summary>A list that asks for forgetting all owners: empty, or one empty entry.</summary>
    internal static bool IsReset(JsonNode? list) => list is JsonArray a && (a.Count == 0 || (a.Count == 1 && a[0] is JsonObject { Count: 0 }));

    internal ManagedEntry? Find(string manager, bool applied, string apiVersion, string subresource) =>
        Entries.Find(e => e.IsSame(manager, applied, apiVersion, subresource));

    /// <summary>Takes changed and removed fields from everybody but <paramref name="writer"/> (null: from everybody); who owns nothing is gone.</summary>
    internal void Disown(TypedCompare compare, FieldSet touched, ManagedEntry? writer)
    {
        foreach (var entry in Entries)
            if (!ReferenceEquals(entry, writer)) entry.Fields = entry.Fields.Except(touched).Except(compare.Removed);
        Entries.RemoveAll(e => e.Fields.IsEmpty);
    }

    internal void CapUpdaters()
    {
        var updaters = Entries.Where(e => !e.Applied).OrderBy(e => e.Time, StringComparer.Ordinal).ThenBy(e => e.Manager, StringComparer.Ordinal).ToList();
        var count = updaters.Count;
        var buckets = new Dictionary<string, ManagedEntry>(StringComparer.Ordinal);
        foreach (var old in updaters)
        {
            if (count <= MaxUpdaters) break;
            // The first of a version only marks the place: a bucket of one would save nothing.
            if (buckets.TryAdd(old.ApiVersion, old)) continue;
            var bucket = buckets[old.ApiVersion];
            var merged = new ManagedEntry
            {
                Manager = OldUpdates, Applied = false, ApiVersion = old.ApiVersion, Time = old.Time, Fields = bucket.Fields.Union(old.Fields),
            };
            Entries.Remove(bucket);
            Entries.Remove(old);
            Entries.Add(merged);
            buckets[old.ApiVersion] = merged;
            count--;
        }
    }

    /// <summary>Puts the list at the end of <c>metadata</c>, sorted as upstream does; nobody left: no list.</summary>
    internal void WriteTo(JsonObject obj)
    {
        if (obj["metadata"] is not JsonObject metadata) obj["metadata"] = metadata = [];
        metadata.Remove("managedFields");
        if (Entries.Count == 0) return;
        metadata["managedFields"] = new JsonArray([.. Entries
            .OrderBy(e => e.Applied ? 0 : 1).ThenBy(e => e.Time, StringComparer.Ordinal).ThenBy(e => e.Manager, StringComparer.Ordinal)
            .ThenBy(e => e.ApiVersion, StringComparer.Ordinal).ThenBy(e => e.Subresource, StringComparer.Ordinal).Select(e => e.ToJson())]);
    }

    internal static string Stamp(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}

using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Kinds;

/// <summary>
/// What a built-in kind needs beyond its schema. Pure functions of objects; the request path calls them in this order:
/// create: Default, PrepareForCreate (name and uid are set by then), Validate; update: Default, PrepareForUpdate, Validate, ValidateUpdate.
/// Every method may be left as it is. Objects come in as SchemaDecoding.Normalise leaves them; SchemaDecoding.Complete after the last change of an
/// object gives it the form that upstream answers with.
/// </summary>
public abstract class KindRules
{
    /// <summary>Fills in what is absent (in the version of the request).</summary>
    public virtual void Default(JsonObject obj) { }

    /// <summary>Drops what a creator may not set (status, mostly) and sets what the server owns.</summary>
    public virtual void PrepareForCreate(JsonObject obj) { }

    /// <summary>Takes over from <paramref name="old"/> what an update of <paramref name="subresource"/> (empty: the object itself) may not touch.</summary>
    public virtual void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource) { }

    /// <summary>Checks the object alone. Metadata is checked elsewhere.</summary>
    public virtual void Validate(JsonObject obj, FieldErrors errors) { }

    /// <summary>Checks a change: what may not change.</summary>
    public virtual void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) { }

    /// <summary>How names are checked; null for DNS subdomain (the rule of most kinds).</summary>
    public virtual Func<string, IReadOnlyList<string>>? NameRule => null;

    /// <summary>The object's generation counts spec changes (all built-in kinds with a spec and a status, and some more).</summary>
    public virtual bool HasGeneration => false;

    /// <summary>PUT on an absent name creates the object (leases, events, endpoints …).</summary>
    public virtual bool AllowCreateOnUpdate => false;

    /// <summary>Updates without a resource version are refused.</summary>
    public virtual bool RequireVersionOnUpdate => false;

    /// <summary>Warnings for the writer (header <c>Warning: 299</c>), such as deprecated fields.</summary>
    public virtual IEnumerable<string> Warnings(JsonObject obj) => [];
}

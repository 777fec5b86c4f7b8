namespace KubeFlex.Machinery.Objects;

/// <summary>API group and kind; the core group is the empty string.</summary>
public readonly record struct GroupKind(string Group, string Kind)
{
    /// <summary><c>Kind.group</c>, or <c>Kind</c> in the core group.</summary>
    public override string ToString() => Group.Length == 0 ? Kind : $"{Kind}.{Group}";
}

/// <summary>API group and plural resource name; the core group is the empty string.</summary>
public readonly record struct GroupResource(string Group, string Resource)
{
    /// <summary><c>resource.group</c>, or <c>resource</c> in the core group: the form used in error messages.</summary>
    public override string ToString() => Group.Length == 0 ? Resource : $"{Resource}.{Group}";
}

/// <summary>API group and version, written <c>group/version</c>, or <c>version</c> in the core group.</summary>
public readonly record struct GroupVersion(string Group, string Version)
{
    /// <summary>Reads the <c>apiVersion</c> of an object. More than one slash is an error (null).</summary>
    public static GroupVersion? Parse(string apiVersion)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return new GroupVersion("", apiVersion);
        return apiVersion.IndexOf('/', slash + 1) >= 0 ? null : new GroupVersion(apiVersion[..slash], apiVersion[(slash + 1)..]);
    }

    /// <summary>The <c>apiVersion</c> form.</summary>
    public override string ToString() => Group.Length == 0 ? Version : $"{Group}/{Version}";
}

/// <summary>API group, version and kind.</summary>
public readonly record struct GroupVersionKind(string Group, string Version, string Kind)
{
    /// <summary>Group and version.</summary>
    public GroupVersion GroupVersion => new(Group, Version);

    /// <summary>Group and kind.</summary>
    public GroupKind GroupKind => new(Group, Kind);

    /// <summary>The <c>apiVersion</c> that objects of this kind carry.</summary>
    public string ApiVersion => GroupVersion.ToString();

    /// <summary>The form of apimachinery's messages: <c>group/version, Kind=kind</c>.</summary>
    public override string ToString() => $"{GroupVersion}, Kind={Kind}";
}

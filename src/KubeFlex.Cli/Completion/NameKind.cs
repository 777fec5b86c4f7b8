using System.CommandLine;

namespace KubeFlex.Cli.Completion;

/// <summary>Names that completion has to look up.</summary>
internal enum NameKind
{
    ControlPlane,
    Context,
    /// <summary>Either of the two.</summary>
    Destination,
    Hook,
    File,
}

/// <summary>An argument or option whose values are such names.</summary>
internal interface INames
{
    NameKind Kind { get; }
}

/// <summary>An argument that names something.</summary>
internal sealed class NamesArgument<T>(string name, NameKind kind) : Argument<T>(name), INames
{
    public NameKind Kind => kind;
}

/// <summary>An option that names something.</summary>
internal sealed class NamesOption<T>(string name, NameKind kind, params string[] aliases) : Option<T>(name, aliases), INames
{
    public NameKind Kind => kind;
}

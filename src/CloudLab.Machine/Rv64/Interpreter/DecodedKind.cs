namespace CloudLab.Machine.Rv64.Interpreter;

/// <summary>What an instruction means for the block it stands in.</summary>
internal enum DecodedKind
{
    /// <summary>The next instruction follows.</summary>
    Straight,

    /// <summary>Ends the block; its handler never calls a next one.</summary>
    End,

    /// <summary>Ends the block; one link slot follows, to <see cref="Op.Immediate"/> from the block's start.</summary>
    Jump,

    /// <summary>Ends the block; two link slots follow: to <see cref="Op.Immediate"/>, and to the next instruction.</summary>
    Branch,
}

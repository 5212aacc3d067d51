/// What a program needs that trains, evaluates or generates in one process: the layers of the core under one name.
@_exported public import CatenaAdapters
@_exported public import CatenaEngine
@_exported public import CatenaFiles
@_exported public import CatenaLearning
@_exported public import CatenaModels
@_exported public import CatenaText

//! Other people's files: dataset layouts, pictures, labels, exports.
